import { expect, test } from 'vitest'

import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import type { VerifyOptions } from '../../src/connections/connections.ts'
import type { Verification } from '../../src/connections/verification.ts'
import { verifyManager } from '../../src/connections/verify.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { Script, ScriptedServer } from '../support/scripted-server.ts'

const ENVELOPE = { from: 'app@example.com', to: ['ann@example.org', 'bob@example.org'] }
const MAIL = 'MAIL FROM:<app@example.com>'
const RCPTS = ['RCPT TO:<ann@example.org>', 'RCPT TO:<bob@example.org>']

async function ask(
  server: ScriptedServer,
  options: Partial<VerifyOptions> = {},
  properties: Partial<ConnectionManagerInput> = {},
): Promise<Verification> {
  const { manager } = await managerFor(server, properties)
  return verifyManager(manager, { env: {}, envelope: ENVELOPE, ...options })
}

/** The steps from MAIL on, each with its mark. */
function stepsOf({ steps }: Verification): readonly string[] {
  const from = steps.findIndex(({ step }) => step === 'mail')
  return steps.slice(from).map(({ step, ok }) => `${ok ? '✔' : '✖'} ${step}`)
}

test('an envelope is asked for, taken back, and never followed by a message', async () => {
  await using server = await startScriptedServer()
  const verification = await ask(server)
  expect(verification.ok).toBe(true)
  expect(stepsOf(verification)).toEqual(['✔ mail', '✔ rcpt', '✔ rcpt', '✔ quit'])
  expect(verification).not.toHaveProperty('verdict')
  expect(server.commands.slice(1)).toEqual([MAIL, ...RCPTS, 'RSET', 'QUIT'])
})

test('a sender alone is asked for without a recipient', async () => {
  await using server = await startScriptedServer()
  expect((await ask(server, { envelope: { from: 'app@example.com' } })).ok).toBe(true)
  expect(server.commands.slice(1)).toEqual([MAIL, 'RSET', 'QUIT'])
})

/** What a server does, the steps, what is wrong, and what that means for the message and the manager. */
test.for<[script: Script, steps: readonly string[], problem: string, means: readonly string[]]>([
  [
    { MAIL: '530 5.7.57 Client not authenticated to send mail' },
    ['✖ mail', '✔ quit'],
    'mail.login-needed',
    ['retry', 'auth'],
  ],
  [
    { MAIL: '550 5.7.60 SMTP; Client does not have permissions to send as this sender' },
    ['✖ mail', '✔ quit'],
    'mail.sender-not-allowed',
    ['refuse', 'fine'],
  ],
  [
    { RCPT: '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain' },
    ['✔ mail', '✖ rcpt', '✖ rcpt', '✔ quit'],
    'rcpt.relay-denied',
    ['refuse', 'fine'],
  ],
  [
    { RCPT: ['250 2.1.5 fine', '550 5.1.1 <BOB@example.org>: no such user'] },
    ['✔ mail', '✔ rcpt', '✖ rcpt', '✔ quit'],
    'rcpt.unknown',
    ['refuse', 'fine'],
  ],
  [{ RCPT: { after: 'silence' } }, ['✔ mail', '✖ rcpt'], 'session.silent', ['retry', 'suspect']],
  [{ MAIL: { after: 'close' } }, ['✖ mail'], 'session.closed', ['retry', 'suspect']],
])('%j comes to %j: %s', async ([script, steps, problem, [message, manager]]) => {
  await using server = await startScriptedServer(script)
  const isSilent = problem === 'session.silent'
  const verification = await ask(server, {}, isSilent ? { timeouts: { rcpt: 100 } } : {})
  expect(verification).toMatchObject({ ok: false, problem, verdict: { message, manager } })
  expect(verification.advice).toMatch(/^[A-Z].*\.$/)
  expect(stepsOf(verification)).toEqual(steps)
  const left = server.commands.filter((line) => /^(?:DATA|BDAT|RSET|QUIT)/.test(line))
  expect(left).toEqual(steps.includes('✔ quit') ? ['RSET', 'QUIT'] : [])
  // What names somebody is told to nobody, also when the server says it back.
  expect(JSON.stringify(verification)).not.toMatch(/app@|ann@|bob@/i)
  expect(verification.conversation?.[0]).toMatch(/^C: MAIL FROM:<…@example\.com>/)
})

test('who is refused is told by number, and by no name, however the server says it', async () => {
  await using server = await startScriptedServer({
    RCPT: ['250 2.1.5 fine', '550 5.1.1 User Bob unknown: BOB, bobby and bob@example.org'],
  })
  const verification = await ask(server)
  expect(verification.steps.filter(({ step }) => step === 'rcpt')).toMatchObject([
    { ok: true, recipient: 1 },
    {
      ok: false,
      recipient: 2,
      detail: 'the server answered 550 5.1.1 User … unknown: …, bobby and …@example.org',
    },
  ])
  expect(verification.problem).toBe('rcpt.unknown')
  expect(verification.conversation?.at(-1)).not.toMatch(/\bbob\b/i)
})

test('a name that is a word of replies leaves them as they are', async () => {
  await using server = await startScriptedServer({ RCPT: '550 5.1.1 user unknown' })
  const envelope = { from: 'app@example.com', to: ['user@example.org'] }
  expect(await ask(server, { envelope })).toMatchObject({ problem: 'rcpt.unknown' })
})

test('what the operator has decided about a reply is what it means', async () => {
  await using server = await startScriptedServer({ RCPT: '550 5.1.1 on vacation' })
  const rule = {
    name: 'vacation',
    when: { text: { source: 'vacation', test: (text: string) => text.includes('vacation') } },
    means: { class: 'retry', minDelayMs: 60_000 },
  } as const
  const { verdict } = await ask(server, { rules: [rule] })
  expect(verdict).toMatchObject({ rule: 'user.vacation', message: 'retry', minDelayMs: 60_000 })
})

test.for([
  { from: 'app@example.com>\r\nDATA', to: ['ann@example.org'] },
  { from: 'app@example.com', to: ['ann@example.org>\r\nDATA\r\n<x'] },
  { from: 'app@example.com', to: ['änn@example.org'] },
])('%j is said to no server that cannot take it', async (envelope) => {
  await using server = await startScriptedServer({ EHLO: '250 scripted' })
  const verification = await ask(server, { envelope })
  expect(verification.ok).toBe(false)
  expect(stepsOf(verification)).toEqual(['✖ mail', '✔ quit'])
  expect(server.commands.slice(1)).toEqual(['QUIT'])
})

test('who waits no longer for an answer is told that none came', async () => {
  await using server = await startScriptedServer({ MAIL: { after: 'silence' } })
  const patience = new AbortController()
  const asked = ask(server, { signal: patience.signal })
  await expect.poll(() => server.commands).toContain(MAIL)
  patience.abort(new DOMException('it took too long', 'TimeoutError'))
  const verification = await asked
  expect(stepsOf(verification)).toEqual(['✖ mail'])
  expect(verification.steps.at(-1)?.detail).toMatch(/before the time for all of it was over/)
})
