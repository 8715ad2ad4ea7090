import { createHash, X509Certificate } from 'node:crypto'

import { expect, test, vi } from 'vitest'

import { composeNegotiate } from '../../src/connections/auth/ntlm/negotiate.ts'
import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import { openLogin } from '../../src/connections/login.ts'
import type { Login } from '../../src/connections/login.ts'
import { createSecret } from '../../src/connections/secret.ts'
import { createCertificate } from '../support/certificate.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'
import { attributesOf, field, withTime } from './ntlm-messages.ts'

const AUTH = {
  method: 'windows',
  mechanism: 'ntlm',
  user: 'Domain\\User',
  password: 'Password',
} as const
const OFFER = '250-x\n250-STARTTLS\n250 AUTH NTLM'
const NEGOTIATE = composeNegotiate().toString('base64')
const ASKS = `334 ${withTime().toString('base64')}`
const certificate = createCertificate({ hosts: ['127.0.0.1'] })

async function logIn(
  script: Script,
  properties: Partial<ConnectionManagerInput> = {},
): Promise<{ readonly login: Login; readonly lines: readonly string[] }> {
  await using server = await startScriptedServer({ EHLO: OFFER, ...script }, certificate)
  const login = await openLogin(await managerFor(server, { auth: AUTH, ...properties }))
  if (login.kind === 'open') login.socket.destroy()
  // What we said last may still be on its way.
  await vi.waitFor(() => expect(server.open).toBe(0))
  return { login, lines: server.commands.filter((line) => !/^(?:EHLO|STARTTLS)/.test(line)) }
}

test('a server that takes the first message for a question is told again', async () => {
  const { login, lines } = await logIn({ AUTH: '334 ntlm supported', CHALLENGE: [ASKS, '235 ok'] })
  expect(login.kind).toBe('open')
  expect(lines.slice(0, 2)).toEqual([`AUTH NTLM ${NEGOTIATE}`, NEGOTIATE])
  expect(field(decode(lines[2]), 36).toString('utf16le')).toBe('User')
})

test('a server that never asks is told to stop', async () => {
  const supported = '334 ntlm supported'
  const { login, lines } = await logIn({ AUTH: supported, CHALLENGE: [supported, '501 5.7.0 no'] })
  expect(login).toMatchObject({ fault: { kind: 'auth', detail: expect.stringContaining('NTLM') } })
  expect(lines).toEqual([`AUTH NTLM ${NEGOTIATE}`, NEGOTIATE, '*'])
})

test('a server that asks twice is not answered twice', async () => {
  const { login, lines } = await logIn({ AUTH: ASKS, CHALLENGE: [ASKS, '501 5.7.0 no'] })
  expect(login).toMatchObject({ fault: { kind: 'auth', detail: expect.stringContaining('twice') } })
  expect(lines.at(-1)).toBe('*')
  expect(lines).toHaveLength(3)
})

test.for([
  ['none', {}],
  ['starttls', { ca: certificate.cert }],
  ['opportunistic', { ca: certificate.cert }],
] as const)('with `tls: %s` a login is bound to what the server is', async ([tls, tlsOptions]) => {
  const { lines } = await logIn({ AUTH: ASKS }, { tls, tlsOptions })
  const attributes = attributesOf(decode(lines[1]))
  expect(attributes.get(9)?.toString('utf16le')).toBe('SMTPSVC/127.0.0.1')
  expect(attributes.get(10)).toEqual(
    tls === 'none' ? Buffer.alloc(16) : bindingOf(certificate.cert),
  )
})

test('`spn` is the service that a login is for', async () => {
  const auth = { ...AUTH, spn: 'SMTPSVC/relay.example.com' }
  const { lines } = await logIn({ AUTH: ASKS }, { auth })
  expect(attributesOf(decode(lines[1])).get(9)?.toString('utf16le')).toBe(auth.spn)
})

test.for([
  ['Domain\\User', 'Domain', 'User'],
  ['user@domain.example', '', 'user@domain.example'],
  ['User', '', 'User'],
] as const)('the account "%s" is the domain "%s" and the user "%s"', async ([user, ...parts]) => {
  const { lines } = await logIn({ AUTH: ASKS }, { auth: { ...AUTH, user } })
  const message = decode(lines[1])
  expect([28, 36].map((at) => field(message, at).toString('utf16le'))).toEqual(parts)
})

test('an account without a name is nobody, and is not logged in as anybody', async () => {
  await using server = await startScriptedServer({ EHLO: OFFER })
  const resolved = await managerFor(server, { auth: AUTH })
  const { credentials } = resolved
  if (credentials.method !== 'windows') throw new Error('expected Windows authentication')
  const user = createSecret('Domain\\')
  const login = await openLogin({ ...resolved, credentials: { ...credentials, user } })
  const detail = expect.stringContaining('without a name')
  expect(login).toMatchObject({ fault: { kind: 'auth', stage: 'auth', detail } })
  expect(server.commands.filter((line) => line.startsWith('AUTH'))).toEqual([])
})

test('what is said of a login has no word of its messages', async () => {
  const { login, lines } = await logIn({ AUTH: ASKS, CHALLENGE: '535 5.7.8 no' })
  expect(login).toMatchObject({ fault: { kind: 'reply', reply: { code: 535 } } })
  expect(JSON.stringify(login)).not.toContain(lines[1])
  expect(JSON.stringify(login)).not.toMatch(/Password|User/)
})

function decode(line = ''): Buffer {
  return Buffer.from(line, 'base64')
}

/** RFC 5929 §4 within RFC 2744 §3.11, by hand. */
function bindingOf(pem: string): Buffer {
  const fingerprint = new X509Certificate(pem).fingerprint256.replaceAll(':', '')
  const data = `tls-server-end-point:${Buffer.from(fingerprint, 'hex').toString('latin1')}`
  const header = Buffer.alloc(20)
  header[16] = data.length
  return createHash('md5').update(header).update(data, 'latin1').digest()
}
