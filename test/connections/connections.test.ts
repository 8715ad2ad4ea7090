import { describe, expect, test } from 'vitest'

import type { ConnectionDefinition } from '../../src/connections/connection-definition.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { createCertificate } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { startSmtpServer } from '../support/smtp-server.ts'

/** Typed so that any text is a name for the compiler, as for names that come from a job. */
const KNOWN: Readonly<Record<string, ConnectionDefinition>> = {
  relay: 'smtp://relay',
  'Mail Server': 'smtp://mail',
}

describe('a collection', () => {
  test('takes, gives, lists and removes connection managers by name', () => {
    const { connections } = createConnections()
    expect(connections.add('relay', 'smtps://relay:25')).toMatchObject([
      { connection: 'relay', code: 'PORT_TLS_MISMATCH' },
    ])
    expect(connections.add('Mail Server', { server: 'mail' })).toEqual([])
    expect(connections.names()).toEqual(['relay', 'Mail Server'])
    expect(connections.has('Mail Server')).toBe(true)
    expect(connections.get('Mail Server')).toMatchObject({ name: 'Mail Server', server: 'mail' })
    expect(connections.list()).toMatchObject([{ name: 'relay' }, { name: 'Mail Server' }])
    expect(connections.remove('relay')).toBe(true)
    expect(connections.remove('relay')).toBe(false)
    expect(connections.has('relay')).toBe(false)
  })

  test('keeps what it has when a wrong or second one is added', () => {
    const { connections } = createConnections(KNOWN)
    expect(() => connections.add('relay', 'smtp://other')).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_CONNECTION' }),
    )
    expect(() => connections.add('other', 'ftp://other')).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
    )
    expect(connections.names()).toEqual(['relay', 'Mail Server'])
    expect(connections.get('relay').server).toBe('relay')
  })

  test.for<[name: string, hint: string]>([
    ['realy', 'did you mean "relay"? (known: "relay", "Mail Server")'],
    ['RELAY', 'did you mean "relay"?'],
    ['mailserver', 'did you mean "Mail Server"?'],
    ['exchange', '"exchange" (known: "relay", "Mail Server")'],
    ['__proto__', '"__proto__" (known:'],
  ])('does not know %s and says what it knows', ([name, hint]) => {
    const { connections } = createConnections(KNOWN)
    expect(() => connections.get(name)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_CONNECTION',
        connection: name,
        known: ['relay', 'Mail Server'],
        message: expect.stringContaining(hint),
      }),
    )
  })

  test('shows no more than twenty names of many', () => {
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`relay ${index}`, 'smtp://relay']),
    )
    const { connections } = createConnections(many)
    expect(() => connections.get('nobody')).toThrow('"relay 19", 480 more)')
  })

  test('lists mailboxes and settings in words that JSON keeps', () => {
    const { connections } = createConnections({
      relay: {
        server: 'relay',
        description: 'Nightly loads',
        from: 'Nightly load <load@example.com>',
        redirectAll: 'staging@example.com',
        clientName: 'etl.example.com',
        tlsOptions: { ca: '${file:/etc/ca.pem}', serverName: 'mx.example.com' },
      },
    })
    const [listed] = connections.list()
    expect(JSON.parse(JSON.stringify(listed))).toEqual(listed)
    expect(listed).toMatchObject({
      description: 'Nightly loads',
      from: 'Nightly load <load@example.com>',
      redirectAll: 'staging@example.com',
      clientName: 'etl.example.com',
      tlsOptions: {
        ca: '${file:/etc/ca.pem}',
        minVersion: 'TLSv1.2',
        serverName: 'mx.example.com',
      },
    })
  })
})

describe('verify', () => {
  test('logs in over STARTTLS, says QUIT and names every step', async () => {
    const certificate = createCertificate({ hosts: ['localhost', '127.0.0.1'] })
    await using server = await startSmtpServer({
      users: { bob: 'S3cret' },
      tls: { mode: 'starttls', certificate },
    })
    const verification = await verify({
      connectionString: `smtp://bob:\${env:PW}@localhost:${server.port}`,
      tlsOptions: { ca: certificate.cert },
    })
    expect(verification).toMatchObject({ connection: 'relay', ok: true })
    expect(verification.steps.map(({ step }) => step)).toEqual([
      'secrets',
      'connect',
      'greeting',
      'ehlo',
      'starttls',
      'auth',
      'quit',
    ])
    expect(server.logins).toBe(1)
    await expect.poll(() => server.open).toBe(0)
  })

  test('stops at a refused login, and shows no password', async () => {
    await using server = await startSmtpServer({ users: { bob: 'right' } })
    const verification = await verify(
      `smtp://bob:\${env:PW}@127.0.0.1:${server.port}?tls=none&allowInsecureAuth=true`,
    )
    expect(verification.ok).toBe(false)
    expect(verification.steps.at(-1)).toMatchObject({
      step: 'auth',
      ok: false,
      detail: expect.stringContaining('535'),
    })
    expect(JSON.stringify(verification)).not.toContain('S3cret')
    await expect.poll(() => server.open).toBe(0)
  })

  test('stops where STARTTLS is demanded and not offered', async () => {
    await using server = await startSmtpServer()
    const { steps } = await verify(`smtp://127.0.0.1:${server.port}`)
    expect(steps.filter(({ ok }) => !ok)).toMatchObject([{ step: 'starttls' }])
    expect(steps.map(({ step }) => step)).toEqual([
      'secrets',
      'connect',
      'greeting',
      'ehlo',
      'starttls',
    ])
  })

  test('stops where nobody listens', async () => {
    const { steps } = await verify(`smtp://127.0.0.1:${await freePort()}`)
    expect(steps).toMatchObject([
      { step: 'secrets', ok: true },
      { step: 'connect', ok: false, detail: expect.stringContaining('nobody answers') },
    ])
  })

  test('stops at a secret that is not there, and connects to nobody', async () => {
    await using server = await startSmtpServer()
    const { steps } = await verify(`smtp://bob:\${env:ABSENT}@127.0.0.1:${server.port}`)
    expect(steps).toMatchObject([
      { step: 'secrets', ok: false, detail: expect.stringContaining('${env:ABSENT}') },
    ])
    expect(server.connections).toBe(0)
  })
})

function verify(definition: ConnectionDefinition) {
  const { connections } = createConnections({ relay: definition })
  return connections.verify('relay', { env: { PW: 'S3cret' } })
}
