import { expect, test } from 'vitest'

import { openLogin } from '../../src/connections/login.ts'
import type { TransactionEnding } from '../../src/connections/transaction-ending.ts'
import { judge } from '../../src/smtp/verdict.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer, type Script } from '../support/scripted-server.ts'
import { sessionWith } from '../support/test-session.ts'

const ENVELOPE = { from: 'ann@example.org', to: ['bob@example.com'] }
const BODY = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const WORDS = 'the reason is told at length, ще раз і ще раз. '

/** About 3 MB as a server may say them: one line, or many of them. */
function lengthy(code: number, status: string): readonly (readonly [string, string])[] {
  const lines = Array.from({ length: 40_000 }, (_, at) => `${code}-${status} ${at} ${WORDS}`)
  return [
    ['one line', `${code} ${status} ${WORDS.repeat(50_000)}`],
    ['many lines', `${lines.join('\n')}\n${code} ${status} end`],
  ]
}

type Place = readonly [cue: 'MAIL' | 'RCPT' | 'DATA' | 'DOT', stage: string, kind: string]

const PLACES: readonly Place[] = [
  ['MAIL', 'mail', 'rejected'],
  ['RCPT', 'rcpt', 'rejected'],
  ['DATA', 'data', 'rejected'],
  ['DOT', 'dot', 'rejected'],
]

async function deliver(script: Script): Promise<TransactionEnding> {
  await using server = await startScriptedServer({
    ...script,
    ...(script.RCPT && { DATA: '554 no recipients' }),
  })
  using session = await sessionWith(server)
  return await session.deliver(ENVELOPE, BODY, { beforeDot: () => Promise.resolve(true) })
}

test.for(
  PLACES.flatMap(([cue, stage, kind]) =>
    lengthy(550, '5.7.1').map(([form, text]) => ({ cue, stage, kind, form, text })),
  ),
)('3 MB of refusal at $cue in $form are judged by their codes', async ({ cue, stage, text }) => {
  const ending = await deliver({ [cue]: text })
  if (ending.kind !== 'rejected') throw new Error(`it was ${ending.kind}`)
  expect(ending.fault).toMatchObject({
    kind: 'reply',
    stage,
    reply: { code: 550, status: '5.7.1', text: expect.stringContaining('the reason is told') },
  })
  expect(judge(ending.fault).rule).toBe('enhanced.5.7.1')
  expect(JSON.stringify(ending.fault).length).toBeLessThan(1_000)
})

test('3 MB of consent deliver the message', async () => {
  for (const [, text] of lengthy(250, '2.0.0')) {
    expect(await deliver({ DOT: text })).toMatchObject({ kind: 'accepted', reply: { code: 250 } })
  }
})

test.for(lengthy(421, '4.3.2'))(
  '3 MB instead of a greeting, in %s, are the fault of the manager',
  async ([, text]) => {
    await using server = await startScriptedServer({ GREETING: text })
    const login = await openLogin(await managerFor(server))
    if (login.kind !== 'fault') throw new Error('it logged in')
    expect(judge(login.fault)).toMatchObject({ message: 'return', manager: 'fault' })
    expect(JSON.stringify(login.fault).length).toBeLessThan(1_000)
  },
)

test.for<[reply: string, words: string]>([
  ['550-5.7.1 see below\n550 5.1.1 no such user', 'enhanced.5.7.1'],
  ['550-2.0.0 hello\n550 5.1.1 no such user', 'enhanced.5.1.1'],
  ['550-no such user\n550 5.1.1 ask the postmaster', 'enhanced.5.1.1'],
  ['550-5.1.1 no such user\n450 4.2.0 yet', 'enhanced.4.2.0'],
  ['550-4.2.2 a\n550 2.1.5 b', 'enhanced.5.2.2'],
])('of several enhanced codes the first that agrees counts: %j', async ([reply, rule]) => {
  const ending = await deliver({ RCPT: reply })
  if (ending.kind !== 'rejected') throw new Error(`it was ${ending.kind}`)
  expect(judge(ending.fault).rule).toBe(rule)
})
