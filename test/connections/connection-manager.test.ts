import { describe, expect, test } from 'vitest'

import type { ConnectionProperties } from '../../src/connections/connection-definition.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { problemsOf } from './problems-of.ts'

describe('a connection manager', () => {
  test('has a default for everything but its server', () => {
    const { connections, warnings } = createConnections({ relay: { server: 'smtp.example.com' } })
    expect(connections.get('relay')).toEqual({
      name: 'relay',
      description: '',
      type: 'SMTP',
      server: 'smtp.example.com',
      port: 587,
      tls: 'starttls',
      auth: { method: 'anonymous' },
      timeouts: {
        connect: 30_000,
        tls: 60_000,
        greeting: 300_000,
        ehlo: 300_000,
        auth: 120_000,
        mail: 300_000,
        rcpt: 300_000,
        data: 120_000,
        body: 180_000,
        dot: 600_000,
        total: 1_800_000,
        idle: 30_000,
      },
      limits: {
        sessions: 5,
        messagesPerSession: 100,
        recipientsPerTransaction: 100,
        messageBytes: 52_428_800,
        rate: [],
      },
      tlsOptions: { legacy: false, minVersion: 'TLSv1.2' },
      uncertain: { policy: 'hold' },
    })
    expect(warnings).toEqual([])
  })

  test.for<[tls: 'none' | 'starttls' | 'implicit', port: number]>([
    ['none', 25],
    ['starttls', 587],
    ['implicit', 465],
  ])('with tls "%s" uses port %i', ([tls, port]) => {
    const { connections, warnings } = createConnections({ relay: { server: 'relay', tls } })
    expect(connections.get('relay').port).toBe(port)
    expect(warnings).toEqual([])
  })

  test.for<[port: number, tls: 'none' | 'starttls' | 'implicit']>([
    [465, 'starttls'],
    [465, 'none'],
    [587, 'implicit'],
    [587, 'none'],
    [25, 'implicit'],
  ])('on port %i with tls "%s" gets a warning that names both', ([port, tls]) => {
    const { warnings } = createConnections({ relay: { server: 'relay', port, tls } })
    expect(warnings).toMatchObject([{ connection: 'relay', code: 'PORT_TLS_MISMATCH' }])
    expect(warnings[0]?.message).toContain(`port ${port} with tls "${tls}"`)
  })

  test.for<[port: number, tls: 'none' | 'starttls' | 'implicit']>([
    [25, 'starttls'],
    [2525, 'implicit'],
    [2525, 'none'],
  ])('on port %i with tls "%s" gets none', ([port, tls]) => {
    expect(createConnections({ relay: { server: 'relay', port, tls } }).warnings).toEqual([])
  })

  test('takes durations as words and as milliseconds', () => {
    const { connections } = createConnections({
      relay: { server: 'relay', timeouts: { connect: '1m30s', dot: 1500 } },
    })
    expect(connections.get('relay').timeouts).toMatchObject({ connect: 90_000, dot: 1500 })
  })

  test.for<[property: string, properties: object, says: string]>([
    ['server', { server: 'smtp.example.com:25' }, 'without port'],
    ['server', { server: '' }, 'a host name'],
    ['server', { server: undefined }, 'expected string, got nothing'],
    ['type', { type: 'OLEDB' }, 'expected "SMTP", got "OLEDB"'],
    ['port', { port: 0 }, '>=1, got 0'],
    ['port', { port: '25' }, 'expected number, got string'],
    ['tls', { tls: 'ssl' }, 'one of "none"|"opportunistic"|"starttls"|"implicit", got "ssl"'],
    ['auth.method', { auth: { method: 'ntlm' } }, '"anonymous", "basic"'],
    ['auth.method', { auth: {} }, 'got nothing'],
    ['auth.password', { auth: { method: 'basic', user: 'bob' } }, 'got nothing'],
    ['auth.password', { auth: { method: 'basic', user: 'bob', password: '' } }, 'empty'],
    ['auth.password', { auth: { method: 'basic', user: 'bob', password: '${x}' } }, '${env:NAME}'],
    ['from', { from: 'nobody' }, 'expected an at sign, at position'],
    ['redirectAll', { redirectAll: 'a@b.example, c@d.example' }, 'one mailbox'],
    ['timeouts.dot', { timeouts: { dot: 'soon' } }, 'expected a duration such as "30s"'],
    ['timeouts.dot', { timeouts: { dot: 0 } }, 'from 1ms'],
    ['timeouts.dot', { timeouts: { dot: '25d' } }, 'to 24d'],
    ['timeouts.dots', { timeouts: { dots: '1s' } }, 'did you mean "dot"?'],
    ['limits.sessions', { limits: { sessions: 1.5 } }, 'expected int'],
    ['tlsOptions.ca', { tlsOptions: { ca: '/etc/ca.pem' } }, 'PEM text, or "${file:path}"'],
    ['tlsOptions.minVersion', { tlsOptions: { minVersion: 'TLSv1' } }, 'got "TLSv1"'],
    ['clientName', { clientName: 'my machine' }, 'a host name or IP address'],
    ['prot', { prot: 25 }, 'there is no such property; did you mean "port"?'],
    ['name', { name: 'other' }, 'expected "relay", under which it is filed'],
  ])('with a wrong %s is refused: %o', ([property, properties, says]) => {
    const problems = problemsOf(() => createConnections({ relay: definition(properties) }))
    expect(problems.map(({ path }) => path.slice(2).join('.'))).toEqual([property])
    expect(problems[0]?.message).toContain(says)
  })

  test.for([
    'Mail Server',
    'Exchange: Köln',
    'почта',
    '邮件 🐘',
    'a',
    'x'.repeat(128),
    '__proto__',
  ])('may be called %o', (name) => {
    const { connections } = createConnections(
      Object.fromEntries([[name, { server: 'relay.example.com' }]]),
    )
    expect(connections.names()).toEqual([name])
    expect(connections.get(name).name).toBe(name)
  })

  test.for(['', '   ', 'a\nb', 'a\u0000', 'a\u2028b', '\ud800', 'x'.repeat(129)])(
    'may not be called %j',
    (name) => {
      const problems = problemsOf(() =>
        createConnections(Object.fromEntries([[name, { server: 'relay' }]])),
      )
      expect(problems).toHaveLength(1)
    },
  )
})

/** Something that the types forbid, as JSON may hold it. */
function definition(properties: object): ConnectionProperties {
  return { server: 'relay', ...properties }
}
