import { expect, test } from 'vitest'

import { openLogin } from '../../src/connections/login.ts'
import { verifyManager } from '../../src/connections/verify.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'

const SECRET = 'correct horse'
const USER = 'ann@example.org'
const AUTH = { method: 'basic', user: USER, password: SECRET, allowInsecureAuth: true } as const

async function conversationOf(script: Script): Promise<readonly string[]> {
  await using server = await startScriptedServer(script)
  const login = await openLogin(await managerFor(server, { auth: AUTH, clientName: 'client.test' }))
  if (login.kind === 'open') throw new Error('expected the login to fail')
  return login.conversation
}

/** What the server offers, what it says to the login, and what is told of it. */
test.for<[mechanism: string, script: Script, said: readonly string[]]>([
  [
    'PLAIN',
    { AUTH: `535 5.7.8 no mail for ${USER}, go away` },
    ['C: AUTH PLAIN …', 'S: 535 5.7.8 no mail for …@example.org, go away'],
  ],
  [
    'LOGIN',
    { AUTH: '334 VXNlcm5hbWU6', CHALLENGE: ['334 UGFzc3dvcmQ6', '535 5.7.8 no'] },
    ['C: AUTH LOGIN', 'S: 334 …', 'C: …', 'S: 334 …', 'C: …', 'S: 535 5.7.8 no'],
  ],
  [
    'CRAM-MD5',
    { AUTH: '334 PDEyMzRAaG9zdD4=', CHALLENGE: '535 5.7.8 no' },
    ['C: AUTH CRAM-MD5', 'S: 334 …', 'C: …', 'S: 535 5.7.8 no'],
  ],
])(
  'a refused AUTH %s tells what was said, and neither user nor password',
  async ([mechanism, script, said]) => {
    const conversation = await conversationOf({ EHLO: `250-hi\n250 AUTH ${mechanism}`, ...script })
    expect(conversation).toEqual([
      'S: 220 scripted ESMTP',
      'C: EHLO client.test',
      'S: 250-hi',
      `S: 250 AUTH ${mechanism}`,
      ...said,
    ])
  },
)

const ENCODED = [SECRET, `\0${USER}\0${SECRET}`].map((text) => Buffer.from(text).toString('base64'))

test.for<[what: string, answer: string]>([
  ['the password', `535 5.7.8 "${SECRET}" is wrong\n`],
  ['the password, line by line', `535-5.7.8 what a password\n535 5.7.8 ${SECRET}`],
  ['the password in base64', `535 5.7.8 got ${ENCODED[0]}`],
  ['what AUTH PLAIN carried', `535 5.7.8 got AUTH PLAIN ${ENCODED[1]}`],
  ['the end of what it carried', `535 5.7.8 got ${ENCODED[1]?.slice(4)}`],
  ['a piece of it from the middle', `535 5.7.8 got ${ENCODED[1]?.slice(6, -3)}`],
  ['a token', '535 5.7.8 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0= expired'],
])('a server that says %s back has it told to nobody', async ([, answer]) => {
  await using server = await startScriptedServer({
    EHLO: '250-hi\n250 AUTH PLAIN',
    AUTH: answer.trim(),
  })
  const resolved = await managerFor(server, { auth: AUTH, clientName: 'client.test' })
  const login = await openLogin(resolved)
  const told = JSON.stringify(login)
  for (const secret of [SECRET, ...ENCODED, USER]) expect(told).not.toContain(secret)
  expect(told).not.toContain(ENCODED[1]?.slice(6, -3))
  expect(login).toMatchObject({ fault: { kind: 'reply', stage: 'auth', reply: { code: 535 } } })
  const { conversation } = login as { readonly conversation: readonly string[] }
  expect(conversation.join(' ')).not.toMatch(/[\w+/]{24}/)
})

test('a sentence of long words is told as it is', async () => {
  const text = '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled'
  const conversation = await conversationOf({ EHLO: '250-hi\n250 AUTH PLAIN', AUTH: text })
  expect(conversation.at(-1)).toBe(`S: ${text}`)
})

test.for([
  ['of several lines', 'first line\r\nsecond line', (text: string) => text.split('\r\n')],
  ['beyond ASCII, misread', 'Größe 密码', (text: string) => [Buffer.from(text).toString('latin1')]],
] as const)('a password %s is told to nobody either', async ([, password, shown]) => {
  const [first = '', second = first] = shown(password)
  await using server = await startScriptedServer({
    EHLO: '250-hi\n250 AUTH PLAIN',
    AUTH: { pieces: [`535-5.7.8 not ${first}\r\n`, `535 5.7.8 nor ${second}\r\n`] },
  })
  const auth = { ...AUTH, password }
  const { manager } = await managerFor(server, { auth })
  const told = JSON.stringify([
    await openLogin(await managerFor(server, { auth })),
    await verifyManager(manager, { env: {} }),
  ])
  expect(told).toContain('nor …')
  for (const text of [password, ...shown(password)]) {
    expect(told).not.toContain(JSON.stringify(text).slice(1, -1))
  }
})

test('a login that ends in silence tells how far it came', async () => {
  const conversation = await conversationOf({ EHLO: { after: 'close' }, HELO: { after: 'close' } })
  expect(conversation[0]).toBe('S: 220 scripted ESMTP')
  expect(conversation.at(-1)).toMatch(/^\* closed: /)
})

test('a server that never stops talking fills no memory', async () => {
  const conversation = await conversationOf({ EHLO: `${'250-x\n'.repeat(5_000)}250 AUTH NTLM` })
  expect(conversation.length).toBeLessThan(70)
})

test('a verification that fails shows what was said, one that works does not', async () => {
  await using server = await startScriptedServer({
    EHLO: '250-hi\n250 AUTH PLAIN',
    AUTH: ['535 5.7.8 no', '235 2.7.0 welcome'],
  })
  const { manager } = await managerFor(server, { auth: AUTH })
  const options = { env: {} }
  expect((await verifyManager(manager, options)).conversation?.at(-1)).toBe('S: 535 5.7.8 no')
  expect((await verifyManager(manager, options)).conversation).toBeUndefined()
})
