import { X509Certificate } from 'node:crypto'
import type { TlsOptions } from 'node:tls'

import { describe, expect, test } from 'vitest'

import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import { openLogin } from '../../src/connections/login.ts'
import type { Login } from '../../src/connections/login.ts'
import { describeCertificate } from '../../src/connections/session-security.ts'
import { verifyManager } from '../../src/connections/verify.ts'
import { createCertificate } from '../support/certificate.ts'
import type { Certificate } from '../support/certificate.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'

type ManagerOptions = NonNullable<ConnectionManagerInput['tlsOptions']>
type Mode = 'starttls' | 'implicit'

const MODES: readonly Mode[] = ['starttls', 'implicit']
const STAGES = { starttls: 'starttls', implicit: 'tls' } as const
const PASSWORD = 'correct horse'
const BASIC = { method: 'basic', user: 'ann', password: PASSWORD } as const

const authority = createCertificate({ hosts: ['Test authority'], isAuthority: true })
const signed = createCertificate({ hosts: ['localhost', '127.0.0.1'], issuer: authority })
const selfSigned = createCertificate({ hosts: ['relay.internal'] })
const ours = createCertificate({ hosts: ['our worker'], issuer: authority })
const foreign = createCertificate({ hosts: ['another worker'] })
const DAY_MS = 86_400_000
const late = createCertificate({
  hosts: ['our worker'],
  issuer: authority,
  notBefore: new Date(Date.now() - 2 * DAY_MS),
  notAfter: new Date(Date.now() - DAY_MS),
})
const early = createCertificate({
  hosts: ['our worker'],
  issuer: authority,
  notBefore: new Date(Date.now() + DAY_MS),
})

const { fingerprint, keyFingerprint } = describeCertificate(new X509Certificate(selfSigned.cert))

function startServer(mode: Mode, certificate: Certificate, options: TlsOptions = {}) {
  return startSmtpServer({ users: { ann: PASSWORD }, tls: { mode, certificate, options } })
}

async function logIn(
  server: { readonly port: number },
  properties: Partial<ConnectionManagerInput>,
): Promise<Login> {
  const login = await openLogin(await managerFor(server, properties))
  if (login.kind === 'open') login.socket.destroy()
  return login
}

describe.for(MODES)('a pinned certificate over %s', (mode) => {
  const auth = BASIC

  test.for<[what: string, pinned: string | readonly string[]]>([
    ['its fingerprint', fingerprint],
    ['its fingerprint without colons in lower case', fingerprint.replaceAll(':', '').toLowerCase()],
    ['that of its key', keyFingerprint],
    ['a list that has it', ['00'.repeat(32), fingerprint]],
  ])('is trusted by %s, self-signed and under another name', async ([, pinned]) => {
    await using server = await startServer(mode, selfSigned)
    const tlsOptions = { fingerprint: typeof pinned === 'string' ? pinned : [...pinned] }
    expect(await logIn(server, { tls: mode, auth, tlsOptions })).toMatchObject({
      kind: 'open',
      security: { isVerified: true },
    })
    expect(server.logins).toBe(1)
  })

  test('is not trusted when it is another, though an authority signed it', async () => {
    await using server = await startServer(mode, signed)
    const shown = new X509Certificate(signed.cert).fingerprint256
    expect(await logIn(server, { tls: mode, auth, tlsOptions: { fingerprint } })).toMatchObject({
      kind: 'fault',
      fault: {
        kind: 'tls',
        stage: STAGES[mode],
        cause: 'FINGERPRINT_MISMATCH',
        detail: expect.stringContaining(shown),
      },
    })
    expect(server.logins).toBe(0)
    await expect.poll(() => server.open).toBe(0)
  })
})

test('nothing is said after STARTTLS to a server that has another certificate', async () => {
  await using server = await startScriptedServer({ EHLO: '250-x\n250 STARTTLS' }, signed)
  await logIn(server, { tls: 'starttls', tlsOptions: { fingerprint } })
  await expect.poll(() => server.open).toBe(0)
  expect(server.commands.map((line) => line.split(' ')[0])).toEqual(['EHLO', 'STARTTLS'])
})

describe.for(MODES)('a client certificate over %s', (mode) => {
  const choosy = { requestCert: true, rejectUnauthorized: true, ca: authority.cert } as const
  const client = { cert: ours.cert, key: ours.key }

  test.for(['TLSv1.2', 'TLSv1.3'] as const)('is shown to a server of %s', async (version) => {
    await using server = await startServer(mode, signed, { ...choosy, maxVersion: version })
    const login = await logIn(server, { tls: mode, tlsOptions: { ca: authority.cert, ...client } })
    expect(login).toMatchObject({ kind: 'open', security: { protocol: version } })
    expect(server.handshakes).toMatchObject([{ client: 'our worker' }])
  })

  test('with a key that a passphrase opens is shown', async () => {
    await using server = await startServer(mode, signed, choosy)
    const locked = createCertificate({ hosts: ['our worker'], issuer: authority, passphrase: 'pw' })
    const tlsOptions = {
      ca: authority.cert,
      cert: locked.cert,
      key: locked.key,
      passphrase: 'pw',
    }
    expect(await logIn(server, { tls: mode, tlsOptions })).toMatchObject({ kind: 'open' })
  })

  test.for<[what: string, version: 'TLSv1.2' | 'TLSv1.3', ManagerOptions, says: string]>([
    ['none is there', 'TLSv1.2', {}, 'tlsOptions.cert'],
    ['none is there', 'TLSv1.3', {}, 'demands a client certificate'],
    ['it is of another authority', 'TLSv1.2', foreign, 'tlsOptions.cert'],
    ['it is of another authority', 'TLSv1.3', foreign, 'tlsOptions.cert'],
  ])('is asked for in vain when %s (%s)', async ([, version, shown, says]) => {
    await using server = await startServer(mode, signed, { ...choosy, maxVersion: version })
    const { cert, key } = shown
    const tlsOptions = { ca: authority.cert, ...(cert !== undefined && { cert, key }) }
    const login = await logIn(server, { tls: mode, tlsOptions })
    expect(login).toMatchObject({ fault: { detail: expect.stringContaining(says) } })
    const stage = login.kind === 'fault' && login.fault.stage
    // Who shows another one is hung up on, perhaps a moment later.
    const later = mode === 'starttls' ? 'ehlo' : 'greeting'
    expect([STAGES[mode], ...(cert === undefined ? [] : [later])]).toContain(stage)
  })
})

describe.for(MODES)('a client certificate that is out of date, over %s', (mode) => {
  const choosy = { requestCert: true, rejectUnauthorized: true, ca: authority.cert } as const

  test.for<[problem: string, version: 'TLSv1.2' | 'TLSv1.3', Certificate, says: string]>([
    ['tls.our-certificate-expired', 'TLSv1.2', late, 'expired on 20'],
    ['tls.our-certificate-expired', 'TLSv1.3', late, 'expired on 20'],
    ['tls.our-certificate-not-yet-valid', 'TLSv1.3', early, 'is not valid before 20'],
  ])('is %s when it is refused (%s)', async ([problem, version, { cert, key }, says]) => {
    await using server = await startServer(mode, signed, { ...choosy, maxVersion: version })
    const tlsOptions = { ca: authority.cert, cert, key }
    const { manager } = await managerFor(server, { tls: mode, tlsOptions })
    const { ok, steps, ...verified } = await verifyManager(manager, { env: {} })
    expect([ok, verified.problem]).toEqual([false, problem])
    // It hangs up, and may have another reason.
    expect(steps.at(-1)?.detail).toContain(
      `; perhaps it refuses our certificate (tlsOptions.cert), which ${says}`,
    )
  })

  test('is shown in a verification also when the server does not look', async () => {
    await using server = await startServer(mode, signed)
    const tlsOptions = { ca: authority.cert, cert: late.cert, key: late.key }
    const { manager } = await managerFor(server, { tls: mode, tlsOptions })
    const { validTo } = new X509Certificate(late.cert)
    expect(await verifyManager(manager, { env: {} })).toMatchObject({
      ok: true,
      clientCertificate: { validTo: new Date(validTo) },
    })
  })
})

describe.for(MODES)('a relay that speaks nothing newer than TLS 1.0, over %s', (mode) => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const properties = { tls: mode, auth: BASIC } as const

  test('is refused, and it is told what to set', async () => {
    await using server = await startServer(mode, signed, old)
    const login = await logIn(server, { ...properties, tlsOptions: { ca: authority.cert } })
    expect(login).toMatchObject({
      kind: 'fault',
      fault: {
        kind: 'tls',
        stage: STAGES[mode],
        detail: expect.stringContaining('set tlsOptions.legacy'),
      },
    })
    expect(server.logins).toBe(0)
  })

  test('is spoken to when that is permitted', async () => {
    await using server = await startServer(mode, signed, old)
    const tlsOptions = { ca: authority.cert, legacy: true }
    expect(await logIn(server, { ...properties, tlsOptions })).toMatchObject({
      kind: 'open',
      security: { protocol: 'TLSv1', isVerified: true },
    })
    expect(server.logins).toBe(1)
  })

  test('is refused when only TLS 1.1 is permitted', async () => {
    await using server = await startServer(mode, signed, old)
    const tlsOptions = { ca: authority.cert, legacy: true, minVersion: 'TLSv1.1' } as const
    expect(await logIn(server, { ...properties, tlsOptions })).toMatchObject({
      fault: { kind: 'tls', detail: expect.stringContaining('minVersion is "TLSv1.1"') },
    })
  })
})

test.for(MODES)('a weak key ends %s, unless that is permitted', async (mode) => {
  const weak = createCertificate({ hosts: ['127.0.0.1'], issuer: authority, rsaBits: 1024 })
  await using server = await startServer(mode, weak, { ciphers: 'DEFAULT@SECLEVEL=0' })
  const tlsOptions = { ca: authority.cert }
  expect(await logIn(server, { tls: mode, tlsOptions })).toMatchObject({
    fault: {
      kind: 'tls',
      stage: STAGES[mode],
      cause: 'EE_KEY_TOO_SMALL',
      detail: expect.stringContaining('set tlsOptions.legacy'),
    },
  })
  const permitted = { ...tlsOptions, legacy: true, minVersion: 'TLSv1.2' } as const
  expect(await logIn(server, { tls: mode, tlsOptions: permitted })).toMatchObject({
    kind: 'open',
    security: { isVerified: true },
  })
})

test.for(MODES)(
  'a weak certificate of ours is told before %s, unless that is permitted',
  async (mode) => {
    const { cert, key } = createCertificate({ hosts: ['us'], issuer: authority, rsaBits: 1024 })
    await using server = await startServer(mode, signed)
    const tlsOptions = { ca: authority.cert, cert, key }
    const { manager } = await managerFor(server, { tls: mode, tlsOptions })
    const { steps, problem } = await verifyManager(manager, { env: {} })
    expect(steps.at(-1)).toMatchObject({
      step: STAGES[mode],
      detail: expect.stringMatching(
        /our certificate \(tlsOptions\.cert\): ERR_SSL_EE_KEY_TOO_SMALL$/,
      ),
    })
    expect(problem).toBe('tls.our-certificate-unusable')
    expect(server.connections).toBe(0)
    const permitted = { ...tlsOptions, legacy: true, minVersion: 'TLSv1.2' } as const
    expect(await logIn(server, { tls: mode, tlsOptions: permitted })).toMatchObject({
      kind: 'open',
    })
  },
)

test.for(MODES)('the server name is asked for of an IP address over %s', async (mode) => {
  await using server = await startServer(mode, signed)
  const tlsOptions = { ca: authority.cert, serverName: 'localhost' }
  expect(await logIn(server, { tls: mode, tlsOptions })).toMatchObject({ kind: 'open' })
  expect(server.handshakes).toMatchObject([{ serverName: 'localhost' }])
})

test.for<[serverName: string, asked: string | false]>([
  ['localhost.', 'localhost'],
  ['127.0.0.1', false],
])('the server name %s is asked for as %s', async ([serverName, asked]) => {
  await using server = await startServer('implicit', signed)
  const tlsOptions = { ca: authority.cert, serverName }
  expect(await logIn(server, { tls: 'implicit', tlsOptions })).toMatchObject({ kind: 'open' })
  expect(server.handshakes).toMatchObject([{ serverName: asked }])
  const other = { ...tlsOptions, serverName: '127.0.0.2' }
  expect(await logIn(server, { tls: 'implicit', tlsOptions: other })).toMatchObject({
    fault: { kind: 'tls', cause: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  })
})

describe.for<[what: string, Certificate, says: string]>([
  ['of an unknown authority', signed, 'tlsOptions.ca'],
  ['self-signed', selfSigned, 'tlsOptions.fingerprint'],
])('a certificate that is %s', ([, certificate, says]) => {
  test.for(MODES)('ends %s, and it is told what to set', async (mode) => {
    await using server = await startServer(mode, certificate)
    expect(await logIn(server, { tls: mode, auth: BASIC })).toMatchObject({
      kind: 'fault',
      fault: { kind: 'tls', stage: STAGES[mode], detail: expect.stringContaining(says) },
    })
    expect(server.logins).toBe(0)
  })
})

test.for(['implicit', 'starttls'] as const)(
  'a certificate that has expired, or is for another name, ends %s',
  async (mode) => {
    const notAfter = new Date(Date.now() - 3_600_000)
    const expired = createCertificate({ hosts: ['127.0.0.1'], issuer: authority, notAfter })
    const renamed = createCertificate({ hosts: ['mail.example.org'], issuer: authority })
    const tlsOptions = { ca: authority.cert }
    await using one = await startServer(mode, expired)
    await using other = await startServer(mode, renamed)
    expect(await logIn(one, { tls: mode, tlsOptions })).toMatchObject({
      fault: { stage: STAGES[mode], detail: expect.stringContaining('has expired') },
    })
    expect(await logIn(other, { tls: mode, tlsOptions })).toMatchObject({
      fault: { stage: STAGES[mode], detail: expect.stringContaining('tlsOptions.serverName') },
    })
  },
)

describe('opportunistic TLS', () => {
  const tls = 'opportunistic'

  test('is used where the server offers it, with a certificate that nobody verifies', async () => {
    await using server = await startServer('starttls', selfSigned)
    expect(await logIn(server, { tls })).toMatchObject({
      kind: 'open',
      isSecure: true,
      security: { kind: 'tls', isVerified: false },
    })
    expect(server.connections).toBe(1)
  })

  test('is done without where the server does not offer it', async () => {
    await using server = await startScriptedServer()
    expect(await logIn(server, { tls })).toMatchObject({
      kind: 'open',
      security: { kind: 'plain' },
      extensions: { pipelining: true },
    })
    expect(server.connections).toBe(1)
  })

  test.for<[what: string, answer: Parameters<typeof startScriptedServer>[0]]>([
    ['refuses it', { STARTTLS: '454 4.7.0 no TLS now' }],
    ['hangs up at it', { STARTTLS: { after: 'close' } }],
    ['goes on with what is no TLS', { STARTTLS: '220 go on\n220 but how?' }],
    ['never goes on', { STARTTLS: { say: '220 go on', after: 'silence' } }],
  ])('is done without over a new connection where the server %s', async ([, script]) => {
    const EHLO = '250-x\n250-PIPELINING\n250 STARTTLS'
    await using server = await startScriptedServer({ EHLO, ...script })
    expect(await logIn(server, { tls, timeouts: { tls: 200 } })).toMatchObject({
      kind: 'open',
      security: { kind: 'plain' },
      extensions: { pipelining: true },
    })
    expect(server.connections).toBe(2)
  })

  test('is done without where the server speaks only versions that are not allowed', async () => {
    await using server = await startServer('starttls', signed, { maxVersion: 'TLSv1.2' })
    const tlsOptions = { minVersion: 'TLSv1.3' } as const
    expect(await logIn(server, { tls, tlsOptions })).toMatchObject({
      kind: 'open',
      security: { kind: 'plain' },
    })
  })

  test.for<[what: string, ManagerOptions, isVerified: boolean]>([
    ['sent where the certificate is good', { ca: authority.cert }, true],
    ['kept where nobody knows who the server is', {}, false],
  ])('a password is %s', async ([, tlsOptions, isVerified]) => {
    await using server = await startServer('starttls', signed)
    const login = await logIn(server, { tls, auth: BASIC, tlsOptions })
    expect(login).toMatchObject(
      isVerified
        ? { kind: 'open', security: { isVerified } }
        : { fault: { kind: 'auth', stage: 'auth', cause: 'UNVERIFIED_SERVER' } },
    )
    expect(server.logins).toBe(isVerified ? 1 : 0)
  })

  test('a password is kept from a server that another certificate than the pinned one has', async () => {
    await using server = await startServer('starttls', signed)
    const properties = { tls, auth: BASIC, tlsOptions: { fingerprint } } as const
    expect(await logIn(server, properties)).toMatchObject({
      fault: { stage: 'auth', cause: 'UNVERIFIED_SERVER' },
    })
  })

  test('a password is kept from whoever takes STARTTLS out of the way', async () => {
    await using server = await startScriptedServer({ EHLO: '250-x\n250 AUTH PLAIN' })
    expect(await logIn(server, { tls, auth: BASIC })).toMatchObject({
      fault: { stage: 'auth', cause: 'PLAIN_SESSION' },
    })
    expect(server.commands).toHaveLength(1)
  })

  test.for<[what: string, script: Parameters<typeof startScriptedServer>[0], cause: string]>([
    ['does not offer STARTTLS', { EHLO: '250-x\n250 AUTH GSSAPI NTLM' }, 'PLAIN_SESSION'],
    [
      'refuses STARTTLS',
      { EHLO: '250-x\n250-STARTTLS\n250 AUTH GSSAPI NTLM', STARTTLS: '454 4.7.0 not now' },
      'PLAIN_SESSION',
    ],
    [
      'has a certificate that nobody knows',
      { EHLO: '250-x\n250-STARTTLS\n250 AUTH GSSAPI NTLM', STARTTLS: '220 go on' },
      'UNVERIFIED_SERVER',
    ],
  ])('a Windows login is kept from a server that %s', async ([, script, cause]) => {
    await using server = await startScriptedServer({ ...script, AUTH: '334 ' }, selfSigned)
    for (const mechanism of ['ntlm', 'negotiate', 'kerberos'] as const) {
      const auth = {
        method: 'windows',
        mechanism,
        user: 'EXAMPLE\\ann',
        password: PASSWORD,
      } as const
      expect(await logIn(server, { tls, auth })).toMatchObject({ fault: { stage: 'auth', cause } })
    }
    expect(server.commands.filter((line) => !/^(?:EHLO|STARTTLS)/.test(line))).toEqual([])
  })

  test('a password is sent to anybody when that is permitted', async () => {
    await using server = await startServer('starttls', selfSigned)
    const auth = { ...BASIC, allowInsecureAuth: true }
    expect(await logIn(server, { tls, auth })).toMatchObject({ kind: 'open' })
    expect(server.logins).toBe(1)
  })
})

describe('a verification', () => {
  test.for<[problem: string, Partial<ConnectionManagerInput>]>([
    ['tls.other-certificate', { tls: 'starttls', tlsOptions: { fingerprint } }],
    ['auth.unverified-server', { tls: 'opportunistic', auth: BASIC }],
  ])('names %s and what to do', async ([problem, properties]) => {
    await using server = await startServer('starttls', signed)
    const { manager } = await managerFor(server, properties)
    expect(await verifyManager(manager, { env: {} })).toMatchObject({
      ok: false,
      problem,
      advice: expect.stringContaining('`tlsOptions.'),
    })
  })

  test('tells that a session goes on without TLS', async () => {
    const EHLO = '250-x\n250 STARTTLS'
    await using server = await startScriptedServer({ EHLO, STARTTLS: '454 4.7.0 no TLS now' })
    const { manager } = await managerFor(server, { tls: 'opportunistic' })
    expect(await verifyManager(manager, { env: {} })).toMatchObject({
      ok: true,
      security: { kind: 'plain' },
    })
  })
})
