import { createHmac } from 'node:crypto'

import { expect, test, vi } from 'vitest'

import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import { openLogin } from '../../src/connections/login.ts'
import type { Login } from '../../src/connections/login.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'

const BASIC = {
  method: 'basic',
  user: 'ann',
  password: 'correct horse',
  allowInsecureAuth: true,
} as const

async function logIn(
  script: Script,
  auth: ConnectionManagerInput['auth'] = BASIC,
  timeouts: ConnectionManagerInput['timeouts'] = {},
): Promise<{ readonly login: Login; readonly lines: readonly string[] }> {
  await using server = await startScriptedServer(script)
  const login = await openLogin(await managerFor(server, { auth, timeouts }))
  if (login.kind === 'open') login.socket.destroy()
  // What we said last may still be on its way.
  await vi.waitFor(() => expect(server.open).toBe(0))
  return { login, lines: server.commands.slice(1) }
}

function offering(...mechanisms: readonly string[]): Script {
  return { EHLO: `250-x\n250 AUTH ${mechanisms.join(' ')}` }
}

test.for([
  [['LOGIN', 'PLAIN'], 'PLAIN'],
  [['LOGIN', 'PLAIN', 'CRAM-MD5'], 'CRAM-MD5'],
  [['PLAIN', 'CRAM-MD5', 'SCRAM-SHA-256'], 'SCRAM-SHA-256'],
  [['NTLM', 'XOAUTH2', 'LOGIN'], 'LOGIN'],
] as const)('of %j the strongest is taken: %s', async ([offered, taken]) => {
  const { lines } = await logIn({ ...offering(...offered), AUTH: '535 5.7.8 no' })
  expect(lines[0]?.split(' ').slice(0, 2)).toEqual(['AUTH', taken])
})

test('the mechanism that is demanded is taken, and no other', async () => {
  const demanded = { ...BASIC, mechanism: 'LOGIN' } as const
  const taken = await logIn(
    { ...offering('PLAIN', 'LOGIN'), AUTH: '334 VXNlcjo=', CHALLENGE: ['334 UGFzczo=', '235 ok'] },
    demanded,
  )
  expect(taken.login.kind).toBe('open')
  expect(taken.lines.map((line) => Buffer.from(line, 'base64').toString()).slice(1)).toEqual([
    'ann',
    'correct horse',
  ])
  const missing = await logIn(offering('PLAIN', 'CRAM-MD5'), demanded)
  expect(missing.login).toMatchObject({
    fault: { kind: 'auth', detail: 'the server offers AUTH PLAIN CRAM-MD5, none of LOGIN' },
  })
  expect(missing.lines).toEqual([])
})

test('CRAM-MD5 answers as RFC 2195 has it', async () => {
  const challenge = '<1896.697170952@postoffice.reston.mci.net>'
  const { login, lines } = await logIn({
    ...offering('CRAM-MD5'),
    AUTH: `334 ${Buffer.from(challenge).toString('base64')}`,
  })
  const digest = createHmac('md5', 'correct horse').update(challenge).digest('hex')
  expect(login.kind).toBe('open')
  expect(Buffer.from(lines[1] ?? '', 'base64').toString()).toBe(`ann ${digest}`)
})

test('a server that asks for ever is told to stop', async () => {
  const { login, lines } = await logIn({ ...offering('PLAIN'), AUTH: '334 ', CHALLENGE: '334 ' })
  expect(login).toMatchObject({ fault: { kind: 'protocol', stage: 'auth' } })
  expect(lines).toHaveLength(12)
  expect(lines.at(-1)).toBe('*')
})

test('an exchange that we refuse to go on with is cancelled', async () => {
  const { login, lines } = await logIn({
    ...offering('LOGIN'),
    AUTH: '334 VXNlcjo=',
    CHALLENGE: ['334 UGFzczo=', '334 TW9yZTo=', '501 5.7.0 cancelled'],
  })
  expect(login).toMatchObject({ fault: { kind: 'auth', detail: expect.stringContaining('more') } })
  expect(lines.at(-1)).toBe('*')
})

test.for(['close', 'reset', 'silence'] as const)(
  'why we cancel is told although %s follows instead of an answer',
  async (after) => {
    const { login, lines } = await logIn(
      {
        ...offering('LOGIN'),
        AUTH: '334 VXNlcjo=',
        CHALLENGE: ['334 UGFzczo=', '334 TW9yZTo=', { after }],
      },
      BASIC,
      { auth: '1s' },
    )
    expect(login).toMatchObject({
      fault: { kind: 'auth', detail: expect.stringContaining('more') },
    })
    expect(lines.at(-1)).toBe('*')
  },
)

test('why we cancel is told although the server hangs up with its challenge', async () => {
  const { login } = await logIn({
    ...offering('LOGIN'),
    AUTH: '334 VXNlcjo=',
    CHALLENGE: ['334 UGFzczo=', { say: '334 TW9yZTo=', after: 'close' }],
  })
  expect(login).toMatchObject({ fault: { kind: 'auth', detail: expect.stringContaining('more') } })
})

test.for([
  ['of several lines', { AUTH: '235-2.7.0 welcome\n235 2.7.0 here' }],
  ['without a text', { AUTH: '334', CHALLENGE: '235' }],
] as const)('a reply %s is read by its code', async ([, script]) => {
  const { login } = await logIn({ ...offering('PLAIN'), ...script })
  expect(login.kind).toBe('open')
})

test.for([
  ['535 5.7.8 no', { kind: 'reply', stage: 'auth', reply: { code: 535, status: '5.7.8' } }],
  ['454 4.7.0 later', { kind: 'reply', stage: 'auth', reply: { code: 454 } }],
  ['421 4.3.2 busy', { kind: 'reply', stage: 'auth', reply: { code: 421 } }],
  ['250 well', { kind: 'protocol', stage: 'auth' }],
] as const)('a challenge that is followed by %j is a fault', async ([reply, fault]) => {
  const { login } = await logIn({ ...offering('LOGIN'), AUTH: '334 VXNlcjo=', CHALLENGE: reply })
  expect(login).toMatchObject({ fault })
})
