import { describe, expect, expectTypeOf, test } from 'vitest'

import { connectionsOf, defineConfig, parseConfig } from '../../src/connections/config.ts'
import type { ConnectionName, ConnectionsSource } from '../../src/connections/config.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { problemsOf } from './problems-of.ts'

describe('a configuration', () => {
  test('has a default for everything', () => {
    const { connections, ...settings } = parseConfig({})
    expect(connections.names()).toEqual([])
    expect(settings).toEqual({
      warnings: [],
      prefix: 'mailroom',
      schema: 'mailroom',
      rules: [],
      attachments: { roots: [] },
      limits: { jobBytes: 1_048_576, messageBytes: 52_428_800 },
      content: { store: 'queue', inlineBytes: 65_536 },
      retention: { ended: 30 * 86_400_000, held: 90 * 86_400_000 },
      history: { keepFor: 30 * 86_400_000, maxBytes: 268_435_456 },
      worker: {
        lock: 60_000,
        maxInFlight: 1_000,
        verifyAtStart: true,
        stopWithin: 30_000,
        host: '127.0.0.1',
      },
    })
  })

  test('is read from properties, connection strings and URLs together', () => {
    const { connections, warnings, worker, queue } = parseConfig(
      defineConfig({
        queue: 'redis://localhost',
        connections: {
          relay: { server: 'relay.example.com' },
          'Old one': 'SmtpServer=old;EnableSsl=False;',
          cloud: 'smtps://bob:${env:PW}@smtp.example.com:587',
        },
        worker: { connections: ['relay'], lock: '2m' },
      }),
    )
    expect(connections.names()).toEqual(['relay', 'Old one', 'cloud'])
    expect(warnings).toMatchObject([{ connection: 'cloud', code: 'PORT_TLS_MISMATCH' }])
    expect(worker).toMatchObject({ connections: ['relay'], lock: 120_000 })
    expect(queue?.reveal()).toBe('redis://localhost')
  })

  test('tells all its problems at once, each with its path', () => {
    const problems = problemsOf(() =>
      parseConfig({
        queu: 'redis://localhost',
        limits: { jobBytes: -1 },
        worker: { connections: ['relay', 'relai'], lock: 'long' },
        connections: {
          relay: {
            server: 'a b',
            prot: 25,
            tls: 'none',
            auth: { method: 'basic', user: 'bob', password: 'secret' },
            timeouts: { dot: 'soon', dott: 1 },
          },
          'Mail Server': 'SmtpServer=x;EnableSsl=perhaps',
          both: { connectionString: 'SmtpServer=', limits: { sessions: 0 } },
          url: 'smtp://relay:x',
          odd: 12,
        },
      }),
    )
    expect(problems.map(({ path, code }) => `${path.join(' / ')}: ${code}`).toSorted()).toEqual([
      'connections / Mail Server: INVALID_CONNECTION_STRING',
      'connections / both / connectionString: INVALID_CONNECTION_STRING',
      'connections / both / limits / sessions: INVALID_VALUE',
      'connections / odd: INVALID_VALUE',
      'connections / relay / auth: INSECURE_AUTH',
      'connections / relay / prot: UNKNOWN_PROPERTY',
      'connections / relay / server: INVALID_VALUE',
      'connections / relay / timeouts / dot: INVALID_DURATION',
      'connections / relay / timeouts / dott: UNKNOWN_PROPERTY',
      'connections / url: INVALID_CONNECTION_URL',
      'limits / jobBytes: INVALID_VALUE',
      'queu: UNKNOWN_PROPERTY',
      'worker / connections / 1: UNKNOWN_CONNECTION',
      'worker / lock: INVALID_DURATION',
    ])
  })

  test('names each problem by the path that leads to it', () => {
    expect(() =>
      parseConfig({
        worker: { connections: ['x'] },
        connections: { 'Mail Server': { server: 'relay', port: 0 } },
      }),
    ).toThrow(
      [
        'configuration has 2 problems',
        '  connections["Mail Server"].port: expected number to be >=1, got 0',
        '  worker.connections[0]: no connection manager is called "x" (known: "Mail Server")',
      ].join('\n'),
    )
  })

  test.for<[input: unknown, path: readonly string[]]>([
    [undefined, []],
    ['smtp://relay', []],
    [[], []],
    [{ connections: 'smtp://relay' }, ['connections']],
    [{ connections: ['smtp://relay'] }, ['connections']],
    [{ connections: { relay: null } }, ['connections', 'relay']],
    [
      { connections: { relay: { connectionString: 1 } } },
      ['connections', 'relay', 'connectionString'],
    ],
  ])('%j is none', ([input, path]) => {
    expect(problemsOf(() => parseConfig(input))).toMatchObject([{ path }])
  })
})

describe('names', () => {
  const config = defineConfig({
    connections: { relay: 'smtp://relay', 'Mail Server': { server: 'mail' } },
  })

  test('of a configuration are types', () => {
    expectTypeOf<ConnectionName<typeof config>>().toEqualTypeOf<'relay' | 'Mail Server'>()
    const { send } = mailroomOf({ connections: config })
    send({ connection: 'relay' })
    send({ connection: 'Mail Server' })
    // @ts-expect-error no connection manager is called "realy"
    expect(() => send({ connection: 'realy' })).toThrow('realy')
  })

  test('of a collection are types', () => {
    const { connections } = createConnections(config.connections)
    expectTypeOf<ConnectionName<typeof connections>>().toEqualTypeOf<'relay' | 'Mail Server'>()
    mailroomOf({ connections }).send({ connection: 'relay' })
    // @ts-expect-error no connection manager is called "realy"
    expect(() => mailroomOf({ connections }).send({ connection: 'realy' })).toThrow('realy')
    // @ts-expect-error no connection manager is called "realy"
    expect(() => connections.get('realy')).toThrow('did you mean "relay"?')
  })

  test('that are only known at run time are any text', () => {
    const { connections } = createConnections()
    connections.add('anything', 'smtp://relay')
    expectTypeOf<ConnectionName<typeof connections>>().toEqualTypeOf<string>()
    expectTypeOf<Parameters<(typeof connections)['get']>>().toEqualTypeOf<[name: string]>()
    mailroomOf({ connections }).send({ connection: 'anything' })
  })

  test('and properties are checked where they are written', () => {
    const wrong = [
      // @ts-expect-error there is no property "prot"
      defineConfig({ connections: { relay: { server: 'relay', prot: 25 } } }),
      // @ts-expect-error there is no login method "ntlm"
      defineConfig({ connections: { relay: { server: 'relay', auth: { method: 'ntlm' } } } }),
      // @ts-expect-error a server is missing
      defineConfig({ connections: { relay: { port: 25 } } }),
      // @ts-expect-error there is no setting "queu"
      defineConfig({ queu: 'redis://localhost', connections: {} }),
    ]
    for (const input of wrong) expect(problemsOf(() => parseConfig(input))).toHaveLength(1)
  })
})

/** Takes names as `createMailroom` and `send` do. */
function mailroomOf<Name extends string>(options: {
  readonly connections: ConnectionsSource<Name>
}): { readonly send: (job: { readonly connection: Name }) => void } {
  const { connections } = connectionsOf(options.connections)
  return { send: ({ connection }) => expect(connections.names()).toContain(connection) }
}
