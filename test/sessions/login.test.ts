import { X509Certificate } from 'node:crypto'

import { expect, test } from 'vitest'

import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import { openLogin } from '../../src/connections/login.ts'
import type { Login } from '../../src/connections/login.ts'
import { createCertificate } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'

const SECRET = 'correct horse'
const BASIC = {
  method: 'basic',
  user: 'ann',
  password: SECRET,
  allowInsecureAuth: true,
} as const

const authority = createCertificate({ hosts: ['Test authority'], isAuthority: true })
const trusted = createCertificate({ hosts: ['localhost', '127.0.0.1'], issuer: authority })
const DAY_MS = 86_400_000

async function logIn(
  server: { readonly port: number },
  properties: Partial<ConnectionManagerInput> = {},
): Promise<Login> {
  const login = await openLogin(await managerFor(server, properties))
  if (login.kind === 'open') login.socket.destroy()
  expect(
    JSON.stringify(login, ['kind', 'fault', 'stage', 'detail', 'reply', 'text']),
  ).not.toContain(SECRET)
  return login
}

/** What the server does, how the manager is set, and the fault with its exact stage. */
type Case = readonly [name: string, Script, Partial<ConnectionManagerInput>, fault: object]

test.for<Case>([
  [
    'the greeting is 4yz',
    { GREETING: '421 4.3.2 too busy' },
    {},
    { kind: 'reply', stage: 'greeting', reply: { code: 421, status: '4.3.2' } },
  ],
  [
    'the greeting is 5yz',
    { GREETING: '554 no mail service here' },
    {},
    { kind: 'reply', stage: 'greeting', reply: { code: 554 } },
  ],
  [
    'the greeting is no SMTP',
    { GREETING: 'SSH-2.0-OpenSSH_9.6' },
    {},
    { kind: 'protocol', stage: 'greeting' },
  ],
  ['the greeting is a 250', { GREETING: '250 hello' }, {}, { kind: 'protocol', stage: 'greeting' }],
  [
    'the greeting never comes',
    { GREETING: { after: 'silence' } },
    { timeouts: { greeting: 100 } },
    { kind: 'timeout', stage: 'greeting', detail: 'nothing came for 100ms (timeouts.greeting)' },
  ],
  [
    'the server closes instead of a greeting',
    { GREETING: { after: 'close' } },
    {},
    { kind: 'closed', stage: 'greeting' },
  ],
  [
    'EHLO and HELO are refused',
    { EHLO: '550 5.7.1 no', HELO: '550 5.7.1 no' },
    {},
    { kind: 'reply', stage: 'ehlo', reply: { code: 550, status: '5.7.1' } },
  ],
  [
    'EHLO is refused where STARTTLS is demanded',
    { EHLO: '502 what?' },
    { tls: 'starttls' },
    { kind: 'reply', stage: 'ehlo', reply: { code: 502 } },
  ],
  [
    '421 answers EHLO',
    { EHLO: '421 4.7.0 too many connections' },
    {},
    { kind: 'reply', stage: 'ehlo', reply: { code: 421 } },
  ],
  [
    'EHLO is never answered',
    { EHLO: { after: 'silence' } },
    { timeouts: { ehlo: 100 } },
    { kind: 'timeout', stage: 'ehlo' },
  ],
  [
    'the server closes at EHLO',
    { EHLO: { after: 'close' } },
    {},
    { kind: 'closed', stage: 'ehlo' },
  ],
  [
    'STARTTLS is not offered',
    { STARTTLS: '500 what?' },
    { tls: 'starttls' },
    { kind: 'tls', stage: 'starttls', detail: expect.stringContaining('does not offer STARTTLS') },
  ],
  [
    'STARTTLS is refused',
    { EHLO: '250-x\n250 STARTTLS', STARTTLS: '454 4.7.0 no TLS now' },
    { tls: 'starttls' },
    { kind: 'reply', stage: 'starttls', reply: { code: 454 } },
  ],
  [
    'the handshake after STARTTLS never comes',
    { EHLO: '250-x\n250 STARTTLS', STARTTLS: { say: '220 go on', after: 'silence' } },
    { tls: 'starttls', timeouts: { tls: 100 } },
    { kind: 'timeout', stage: 'starttls', detail: expect.stringContaining('timeouts.tls') },
  ],
  [
    'a plain server is taken for implicit TLS',
    {},
    { tls: 'implicit' },
    { kind: 'tls', stage: 'tls', detail: expect.stringContaining('does not speak TLS') },
  ],
  [
    'an implicit handshake never comes',
    { GREETING: { after: 'silence' } },
    { tls: 'implicit', timeouts: { tls: 100 } },
    { kind: 'timeout', stage: 'tls' },
  ],
  [
    'AUTH is not offered',
    {},
    { auth: BASIC },
    { kind: 'auth', stage: 'auth', detail: expect.stringContaining('offers no AUTH') },
  ],
  [
    'HELO has to do, and a login is demanded',
    { EHLO: '502 what?' },
    { auth: BASIC },
    { kind: 'auth', stage: 'auth', detail: expect.stringContaining('offers no AUTH') },
  ],
  [
    'no mechanism is in common',
    { EHLO: '250-x\n250 AUTH GSSAPI NTLM' },
    { auth: BASIC },
    { kind: 'auth', stage: 'auth', detail: expect.stringContaining('GSSAPI NTLM') },
  ],
  [
    'the password is wrong',
    { EHLO: '250-x\n250 AUTH PLAIN', AUTH: '535 5.7.8 bad credentials' },
    { auth: BASIC },
    { kind: 'reply', stage: 'auth', reply: { code: 535, status: '5.7.8' } },
  ],
  [
    'the login is impossible for now',
    { EHLO: '250-x\n250 AUTH LOGIN', AUTH: '454 4.7.0 later' },
    { auth: BASIC },
    { kind: 'reply', stage: 'auth', reply: { code: 454 } },
  ],
  [
    '421 answers AUTH',
    { EHLO: '250-x\n250 AUTH PLAIN', AUTH: '421 4.7.0 too many logins' },
    { auth: BASIC },
    { kind: 'reply', stage: 'auth', reply: { code: 421 } },
  ],
  [
    'AUTH is never answered',
    { EHLO: '250-x\n250 AUTH PLAIN', AUTH: { after: 'silence' } },
    { auth: BASIC, timeouts: { auth: 100 } },
    { kind: 'timeout', stage: 'auth' },
  ],
  [
    'the server closes at AUTH',
    { EHLO: '250-x\n250 AUTH PLAIN', AUTH: { after: 'close' } },
    { auth: BASIC },
    { kind: 'closed', stage: 'auth' },
  ],
])('no session when %s', async ([, script, properties, fault]) => {
  await using server = await startScriptedServer(script)
  expect(await logIn(server, properties)).toMatchObject({ kind: 'fault', fault })
  expect(server.connections).toBe(1)
  await expect.poll(() => server.open).toBe(0)
})

test('no session where nobody listens', async () => {
  const port = await freePort()
  expect(await logIn({ port })).toMatchObject({
    kind: 'fault',
    fault: { kind: 'refused', stage: 'connect', detail: expect.stringContaining('ECONNREFUSED') },
  })
})

test('no session with a server whose name has no address', async () => {
  const login = await logIn({ port: 25 }, { server: 'mail.invalid', timeouts: { connect: '5s' } })
  expect(login).toMatchObject({ kind: 'fault', fault: { kind: 'dns', stage: 'connect' } })
})

test('a login that is aborted ends at once', async () => {
  await using server = await startScriptedServer({ GREETING: { after: 'silence' } })
  const aborter = new AbortController()
  const login = openLogin(await managerFor(server), { signal: aborter.signal })
  await expect.poll(() => server.connections).toBe(1)
  aborter.abort()
  expect(await login).toMatchObject({ fault: { kind: 'aborted', stage: 'greeting' } })
  await expect.poll(() => server.open).toBe(0)
})

test('a password is not sent over a plain session that was not allowed', async () => {
  await using server = await startScriptedServer({ EHLO: '250-x\n250 AUTH PLAIN' })
  const allowed = await managerFor(server, { auth: BASIC })
  const login = await openLogin({
    ...allowed,
    credentials: { ...allowed.credentials, allowInsecureAuth: false },
  } as typeof allowed)
  expect(login).toMatchObject({ fault: { kind: 'auth', stage: 'auth' } })
  expect(server.commands).toHaveLength(1)
})

test.for([['PLAIN'], ['LOGIN'], ['CRAM-MD5'], ['LOGIN', 'PLAIN']])(
  'a name and a password log in by %s',
  async (mechanisms) => {
    await using server = await startSmtpServer({ users: { ann: SECRET }, mechanisms })
    const right = await logIn(server, { auth: BASIC })
    expect(right).toMatchObject({ kind: 'open', isSecure: false })
    const wrong = await logIn(server, { auth: { ...BASIC, password: 'wrong' } })
    expect(wrong).toMatchObject({ kind: 'fault', fault: { stage: 'auth', reply: { code: 535 } } })
    expect(server.logins).toBe(2)
  },
)

test.for(['starttls', 'implicit'] as const)('a session is protected by %s', async (mode) => {
  await using server = await startSmtpServer({
    users: { ann: SECRET },
    tls: { mode, certificate: trusted },
  })
  const { allowInsecureAuth: _, ...auth } = BASIC
  const login = await logIn(server, { tls: mode, auth, tlsOptions: { ca: authority.cert } })
  expect(login).toMatchObject({ kind: 'open', isSecure: true, extensions: { pipelining: true } })
})

test.for(['starttls', 'implicit'] as const)(
  'a session by %s tells how it is protected',
  async (mode) => {
    await using server = await startSmtpServer({ tls: { mode, certificate: trusted } })
    const tlsOptions = { ca: authority.cert, minVersion: 'TLSv1.3' } as const
    const login = await logIn(server, { tls: mode, tlsOptions })
    const shown = new X509Certificate(trusted.cert)
    expect(login).toMatchObject({
      kind: 'open',
      security: {
        kind: 'tls',
        protocol: 'TLSv1.3',
        cipher: expect.stringMatching(/^TLS_AES_/),
        isVerified: true,
        certificate: {
          subject: 'CN=localhost',
          issuer: 'CN=Test authority',
          names: 'DNS:localhost, IP Address:127.0.0.1',
          validFrom: new Date(shown.validFrom),
          validTo: new Date(shown.validTo),
          fingerprint: shown.fingerprint256,
          keyFingerprint: expect.stringMatching(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/),
        },
      },
    })
  },
)

test('a session without TLS tells that it is plain', async () => {
  await using server = await startScriptedServer()
  expect(await logIn(server)).toMatchObject({ kind: 'open', security: { kind: 'plain' } })
})

test.for(['starttls', 'implicit'] as const)('an unknown authority ends %s', async (mode) => {
  await using server = await startSmtpServer({ tls: { mode, certificate: trusted } })
  expect(await logIn(server, { tls: mode })).toMatchObject({
    kind: 'fault',
    fault: {
      kind: 'tls',
      stage: mode === 'starttls' ? 'starttls' : 'tls',
      detail: expect.stringContaining('tlsOptions.ca'),
    },
  })
})

test.for<[string, Parameters<typeof createCertificate>[0], string]>([
  ['self-signed', { hosts: ['127.0.0.1'] }, 'self-signed'],
  [
    'expired',
    { hosts: ['127.0.0.1'], issuer: authority, notAfter: new Date(Date.now() - DAY_MS / 2) },
    'expired',
  ],
  [
    'of tomorrow',
    { hosts: ['127.0.0.1'], issuer: authority, notBefore: new Date(Date.now() + DAY_MS) },
    'not valid yet',
  ],
  ['for another name', { hosts: ['mail.example.org'], issuer: authority }, 'mail.example.org'],
])('a certificate that is %s is not accepted', async ([, options, detail]) => {
  const certificate = createCertificate(options)
  await using server = await startSmtpServer({ tls: { mode: 'implicit', certificate } })
  const tlsOptions = { ca: authority.cert }
  expect(await logIn(server, { tls: 'implicit', tlsOptions })).toMatchObject({
    kind: 'fault',
    fault: { kind: 'tls', stage: 'tls', detail: expect.stringContaining(detail) },
  })
})

test('a certificate for another name is accepted when that name was given', async () => {
  const certificate = createCertificate({ hosts: ['mail.example.org'], issuer: authority })
  await using server = await startSmtpServer({ tls: { mode: 'implicit', certificate } })
  const tlsOptions = { ca: authority.cert, serverName: 'mail.example.org' }
  expect(await logIn(server, { tls: 'implicit', tlsOptions })).toMatchObject({ kind: 'open' })
})

test('STARTTLS that is offered is not used when the manager says none', async () => {
  await using server = await startScriptedServer({ EHLO: '250-x\n250 STARTTLS' })
  expect(await logIn(server)).toMatchObject({ kind: 'open', isSecure: false })
  expect(server.commands).toHaveLength(1)
})

test('a server that knows only HELO is spoken to without extensions', async () => {
  await using server = await startScriptedServer({ EHLO: '502 what?' })
  expect(await logIn(server)).toMatchObject({
    kind: 'open',
    extensions: { pipelining: false, size: false, auth: [] },
  })
})
