import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:tls'

import { describe, expect, test } from 'vitest'

import { faultOfKerberos } from '../../src/connections/auth/kerberos/faults.ts'
import { connectionManagerSchema } from '../../src/connections/connection-manager.ts'
import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import { adviceOf, REMEDIES, remedyFor } from '../../src/connections/remedies/find.ts'
import { describeCertificate } from '../../src/connections/session-security.ts'
import { verifyManager } from '../../src/connections/verify.ts'
import type { Verification } from '../../src/connections/verification.ts'
import { createCertificate } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { portOf } from '../support/port-of.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'

const DAY_MS = 86_400_000
const BASIC = { method: 'basic', user: 'ann', password: 'pw', allowInsecureAuth: true } as const
const WINDOWS = { method: 'windows', user: 'EXAMPLE\\ann', password: 'pw' } as const
const authority = createCertificate({ hosts: ['authority'], isAuthority: true })

type Properties = Partial<ConnectionManagerInput>

async function verify(port: number, properties: Properties): Promise<Verification> {
  const { manager } = await managerFor({ port }, properties)
  return verifyManager(manager, { env: {} })
}

/** What a server does, what the manager says, and the problem that is named. */
test.for<[what: string, script: Script, properties: Properties, problem: string]>([
  [
    'says nothing',
    { GREETING: { after: 'silence' } },
    { timeouts: { greeting: 100 } },
    'greeting.silent',
  ],
  ['closes at once', { GREETING: { after: 'close' } }, {}, 'greeting.closed'],
  ['is an SSH server', { GREETING: 'SSH-2.0-OpenSSH_9' }, {}, 'greeting.no-mail-server'],
  ['does not want us', { GREETING: '554 5.7.1 blocked' }, {}, 'greeting.refused'],
  [
    'counts connections',
    { GREETING: '421 4.7.0 Too many connections' },
    {},
    'auth.too-many-logins',
  ],
  [
    'does not like our name',
    { EHLO: '550 5.7.1 bad name', HELO: '550 5.7.1 no' },
    {},
    'ehlo.refused',
  ],
  [
    'hangs up at EHLO',
    { EHLO: { after: 'close' }, HELO: { after: 'close' } },
    {},
    'session.closed',
  ],
  ['goes silent', { EHLO: { after: 'silence' } }, { timeouts: { ehlo: 100 } }, 'session.silent'],
  ['has no STARTTLS', { STARTTLS: '500 what?' }, { tls: 'starttls' }, 'tls.starttls-not-offered'],
  [
    'refuses STARTTLS',
    { EHLO: '250-x\n250 STARTTLS', STARTTLS: '454 4.7.0 no certificate' },
    { tls: 'starttls' },
    'tls.refused',
  ],
  [
    'does not shake hands',
    { EHLO: '250-x\n250 STARTTLS', STARTTLS: { say: '220 go on', after: 'close' } },
    { tls: 'starttls' },
    'tls.closed',
  ],
  ['speaks in the clear first', {}, { tls: 'implicit' }, 'tls.mode-plain-first'],
  [
    'offers no AUTH',
    { EHLO: '250-x\n250 STARTTLS' },
    { auth: BASIC },
    'auth.not-offered-in-the-clear',
  ],
  [
    'offers tokens only',
    { EHLO: '250-x\n250 AUTH XOAUTH2' },
    { auth: BASIC },
    'auth.no-common-mechanism',
  ],
])('a server that %s: %#', async ([, script, properties, problem]) => {
  await using server = await startScriptedServer(script)
  const { ok, problem: found, advice, steps } = await verify(server.port, properties)
  expect([ok, found]).toEqual([false, problem])
  expect(advice).toMatch(/^[A-Z].{40,}\.$/)
  expect(steps.at(-1)).toMatchObject({ ok: false, ms: expect.any(Number) })
})

test.for<[auth: Properties['auth'], offer: string, problem: string]>([
  [{ ...WINDOWS, mechanism: 'ntlm' }, 'GSSAPI', 'auth.ntlm-not-offered'],
  [WINDOWS, 'LOGIN PLAIN', 'auth.windows-not-offered'],
  [WINDOWS, 'NTLM', 'auth.ntlm-broken'],
])('Windows credentials %j where AUTH %s is offered: %s', async ([auth, offer, problem]) => {
  const certificate = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })
  const script = {
    EHLO: `250-x\n250-STARTTLS\n250 AUTH ${offer}`,
    STARTTLS: '220 go on',
    AUTH: '334 ',
    CHALLENGE: ['334 TlRMTQ==', '501 5.7.0 cancelled'],
  }
  await using server = await startScriptedServer(script, certificate)
  const properties: Properties = { tls: 'starttls', tlsOptions: { ca: authority.cert }, auth }
  expect((await verify(server.port, properties)).problem).toBe(problem)
})

/** Real servers' words, as they came. */
test.for<[answer: string, problem: string]>([
  ['535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6', 'auth.password-refused'],
  [
    '535-5.7.8 Username and Password not accepted.\n535 5.7.8 For more information, go to https://support.google.com/mail/?p=BadCredentials',
    'auth.password-refused',
  ],
  [
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.',
    'auth.smtp-disabled-tenant',
  ],
  [
    '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.',
    'auth.smtp-disabled-mailbox',
  ],
  [
    '535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.',
    'auth.tenant-policy',
  ],
  [
    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.",
    'auth.tenant-policy',
  ],
  ['550 5.7.30 Basic authentication is not supported for Client Submission.', 'auth.basic-retired'],
  [
    '534-5.7.9 Application-specific password required. For more information, go to\n534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor',
    'auth.app-password-needed',
  ],
  [
    '534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1> Please log in via\n534-5.7.14 your web browser and then try again.\n534 5.7.14 Learn more at https://support.google.com/mail/answer/78754',
    'auth.web-login-needed',
  ],
  ['454 4.7.0 Too many login attempts, please try again later.', 'auth.too-many-logins'],
  [
    '454 4.7.0 Temporary authentication failure: Connection lost to authentication server',
    'auth.server-cannot',
  ],
  ['432 4.7.12 A password transition is needed', 'auth.password-expired'],
  ['535 5.7.8 Password has expired', 'auth.password-expired'],
  ['535 5.7.8 Authentication failed: account is locked', 'auth.account-locked'],
  ['535 5.7.0 Your account has been temporarily disabled', 'auth.account-locked'],
  ['530 5.7.0 Must issue a STARTTLS command first', 'auth.needs-tls'],
  ['504 5.5.4 Unrecognized authentication type', 'auth.mechanism-refused'],
  ['554 5.7.1 nobody gets in here', 'auth.refused'],
])('"%s" to a login is %s', async ([answer, problem]) => {
  await using server = await startScriptedServer({ EHLO: '250-x\n250 AUTH PLAIN', AUTH: answer })
  const verified = await verify(server.port, { auth: BASIC })
  expect(verified.problem).toBe(problem)
  expect(verified.login).toEqual({ mechanism: 'PLAIN', user: 'ann' })
})

test('a Windows account that is refused is not told of app passwords', async () => {
  const reply = { code: 535, status: '5.7.3', text: 'Authentication unsuccessful' }
  const fault = { kind: 'reply', stage: 'auth', reply } as const
  const { manager } = await managerFor({ port: 25 }, { tls: 'starttls', auth: WINDOWS })
  expect(remedyFor(fault, manager)?.id).toBe('auth.windows-refused')
  const oauth2 = { port: 587, tls: 'starttls', auth: { method: 'oauth2' } } as never
  expect(remedyFor(fault, oauth2)?.id).toBe('auth.token-refused')
})

describe('a certificate', () => {
  test.for<[string, Parameters<typeof createCertificate>[0], string]>([
    ['signed by itself', { hosts: ['127.0.0.1'] }, 'tls.self-signed'],
    [
      'of an unknown authority',
      { hosts: ['127.0.0.1'], issuer: createCertificate({ hosts: ['x'], isAuthority: true }) },
      'tls.unknown-authority',
    ],
    [
      'of last week',
      { hosts: ['127.0.0.1'], issuer: authority, notAfter: new Date(Date.now() - DAY_MS / 2) },
      'tls.certificate-expired',
    ],
    [
      'of tomorrow',
      { hosts: ['127.0.0.1'], issuer: authority, notBefore: new Date(Date.now() + DAY_MS) },
      'tls.certificate-not-yet-valid',
    ],
    ['for another name', { hosts: ['mail.example.org'], issuer: authority }, 'tls.other-name'],
  ])('%s is named and shown, and nothing is said to its server', async ([, options, problem]) => {
    const certificate = createCertificate(options)
    const shown = describeCertificate(new X509Certificate(certificate.cert))
    for (const mode of ['starttls', 'implicit'] as const) {
      const users = { ann: 'pw' }
      await using server = await startSmtpServer({ users, tls: { mode, certificate } })
      const properties: Properties = { tls: mode, tlsOptions: { ca: authority.cert }, auth: BASIC }
      const verification = await verify(server.port, properties)
      expect(verification).toMatchObject({ ok: false, problem, certificate: shown })
      expect(verification).not.toHaveProperty('security')
      // The server itself may not count one whose handshake failed at once.
      expect(server.connections).toBeLessThanOrEqual(1)
      expect(server.logins).toBe(0)
    }
  })
})

test.for<[cause: string, problem: string]>([
  ['FINGERPRINT_MISMATCH', 'tls.other-certificate'],
  ['ERR_SSL_DH_KEY_TOO_SMALL', 'tls.weak'],
  ['CA_KEY_TOO_SMALL', 'tls.weak'],
  ['ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED', 'tls.no-secure-renegotiation'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls.client-certificate'],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'tls.nothing-in-common'],
  ['ERR_SSL_SOMETHING_NEW', 'tls.failed'],
])('a handshake that ends with %s is %s', async ([cause, problem]) => {
  const { manager } = await managerFor({ port: 465 }, { tls: 'implicit' })
  const fault = { kind: 'tls', stage: 'tls', detail: 'no', cause } as const
  expect(remedyFor(fault, manager)?.id).toBe(problem)
})

test('a certificate that is not the pinned one', async () => {
  const certificate = createCertificate({ hosts: ['127.0.0.1'] })
  await using server = await startSmtpServer({ tls: { mode: 'implicit', certificate } })
  const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':')
  const options = { tls: 'implicit', tlsOptions: { fingerprint } } as const
  const { problem, certificate: shown } = await verify(server.port, options)
  expect(problem).toBe('tls.other-certificate')
  expect(shown?.fingerprint).toBe(new X509Certificate(certificate.cert).fingerprint256)
})

test('a server that speaks no TLS of today', async () => {
  const certificate = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })
  const { key, cert } = certificate
  const server = createServer({ key, cert, maxVersion: 'TLSv1.2' }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const tlsOptions = { ca: authority.cert, minVersion: 'TLSv1.3' } as const
  const { problem } = await verify(portOf(server), { tls: 'implicit', tlsOptions })
  server.close()
  await once(server, 'close')
  expect(problem).toBe('tls.too-old')
})

describe('a port', () => {
  test('on which nobody listens', async () => {
    expect((await verify(await freePort(), {})).problem).toBe('connect.refused')
  })

  test('on which nobody answers', async () => {
    const { manager } = await managerFor({ port: 587 }, {})
    const fault = { kind: 'timeout', stage: 'connect', detail: 'nothing came' } as const
    expect(remedyFor(fault, manager)?.id).toBe('connect.blocked')
    expect(remedyFor(fault, { ...manager, port: 25 })?.id).toBe('connect.blocked-25')
  })

  test('for implicit TLS that we wait at for a greeting', async () => {
    const certificate = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })
    await using server = await startSmtpServer({ tls: { mode: 'implicit', certificate } })
    const { problem, advice } = await verify(server.port, {
      tls: 'starttls',
      timeouts: { greeting: 200 },
    })
    expect(problem).toBe('greeting.silent')
    expect(advice).toContain('`tls: "implicit"`')
    const { manager } = await managerFor({ port: 465 }, { tls: 'starttls' })
    const fault = { kind: 'timeout', stage: 'greeting', detail: 'nothing came' } as const
    expect(remedyFor(fault, manager)?.id).toBe('tls.mode-implicit-wanted')
  })
})

test('a host that there is not', async () => {
  const { manager } = await managerFor({ port: 25 }, { server: 'nobody.invalid' })
  const { problem } = await verifyManager(manager, { env: {} })
  expect(problem).toMatch(/^dns\./)
})

test('a secret that is not there', async () => {
  const auth = { ...BASIC, password: '${env:NOBODY_SET_IT}' }
  const input = { name: 'relay', server: '127.0.0.1', tls: 'none', auth }
  const manager = connectionManagerSchema.parse(input)
  const { problem, advice, steps } = await verifyManager(manager, { env: {} })
  expect(problem).toBe('secrets.unavailable')
  expect(advice).toContain('environment')
  expect(steps).toHaveLength(1)
})

/** What the Kerberos library says. */
test.for<[text: string, problem: string]>([
  [
    'Unspecified GSS failure. Minor code may provide more information: No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)',
    'kerberos.no-ticket',
  ],
  [
    'Unspecified GSS failure.  Minor code may provide more information: Server smtp/mail.example.com@EXAMPLE.COM not found in Kerberos database',
    'kerberos.wrong-spn',
  ],
  [
    "Minor code may provide more information: Client 'ann@EXAMPLE.COM' not found in Kerberos database",
    'kerberos.unknown-account',
  ],
  ['Minor code may provide more information: Clock skew too great', 'kerberos.clock-skew'],
  ['Minor code may provide more information: Preauthentication failed', 'kerberos.key-refused'],
  ['Minor code may provide more information: Password has expired', 'kerberos.account-locked'],
  ['Minor code may provide more information: Ticket expired', 'kerberos.no-ticket'],
  [
    'No credentials were supplied, or the credentials were unavailable or inaccessible: KDC has no support for encryption type',
    'kerberos.encryption-type',
  ],
  [
    'An invalid name was supplied: Configuration file does not specify default realm',
    'kerberos.not-configured',
  ],
  [
    "Minor code may provide more information: Cannot contact any KDC for realm 'EXAMPLE.COM'",
    'kerberos.no-kdc',
  ],
])('Kerberos: "%s" is %s', async ([text, problem]) => {
  const { manager } = await managerFor({ port: 25 }, { tls: 'starttls', auth: WINDOWS })
  const fault = faultOfKerberos(text, { spn: 'smtp/mail.example.com', hasKeytab: false })
  expect(remedyFor(fault, manager)?.id).toBe(problem)
})

test('each remedy has a name of its own, and says what to do in whole sentences', () => {
  const ids = REMEDIES.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const remedy of REMEDIES) {
    expect(adviceOf(remedy)).toMatch(/^[A-Z].*\. [A-Z].*[.]$/)
    // Logs would take it for an address.
    expect(adviceOf(remedy)).not.toContain('@')
  }
})
