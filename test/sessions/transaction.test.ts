import { expect, test } from 'vitest'

import type { TransactionEnding } from '../../src/connections/transaction-ending.ts'
import type { Timeouts } from '../../src/connections/timeouts.ts'
import { startScriptedServer, STEP_BY_STEP } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'
import { sessionWith } from '../support/test-session.ts'

const ENVELOPE = { from: 'ann@example.org', to: ['bob@example.com'] }
const TWO = { from: 'ann@example.org', to: ['bob@example.com', 'eve@example.com'] }
const BODY = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const allow = () => Promise.resolve(true)

type Ways = readonly (readonly [name: string, script: Script])[]

/** Both ways to send an envelope; the answer to EHLO decides. */
const WAYS: Ways = [
  ['pipelined', {}],
  ['step by step', { EHLO: STEP_BY_STEP }],
]

interface Deed {
  readonly ending: TransactionEnding
  readonly isUsable: boolean
  readonly dots: number
}

async function deliver(
  script: Script,
  {
    envelope = ENVELOPE,
    body = BODY,
    timeouts = {},
  }: { envelope?: typeof ENVELOPE; body?: Buffer; timeouts?: Partial<Timeouts> } = {},
): Promise<Deed> {
  await using server = await startScriptedServer(script)
  using session = await sessionWith(server, { timeouts })
  const ending = await session.deliver(envelope, body, { beforeDot: allow })
  return { ending, isUsable: session.isUsable, dots: server.dots }
}

test.for(WAYS)('a message is accepted with the reply to its dot, %s', async ([, script]) => {
  await using server = await startScriptedServer(script)
  using session = await sessionWith(server)

  const ending = await session.deliver(TWO, BODY, { beforeDot: allow })

  expect(ending).toEqual({
    kind: 'accepted',
    reply: { code: 250, status: '2.0.0', text: 'taken' },
    recipients: TWO.to.map((address) => ({
      address,
      reply: { code: 250, status: '2.1.5', text: 'recipient ok' },
      accepted: true,
    })),
  })
  expect(server.commands.slice(1)).toEqual([
    `MAIL FROM:<ann@example.org> SIZE=${BODY.length}`,
    'RCPT TO:<bob@example.com>',
    'RCPT TO:<eve@example.com>',
    'DATA',
  ])
  expect(server.bodies).toBe(`${BODY.toString()}.\r\n`)
  expect(session.isUsable).toBe(true)
})

/** What the server does; how it ends; whether the session may go on. */
type Case = readonly [name: string, script: Script, ending: object, isUsable: boolean]

const REFUSALS: readonly Case[] = [
  [
    'MAIL is refused for now',
    { MAIL: '451 4.3.0 later', RCPT: '503 5.5.1 need MAIL', DATA: '503 no' },
    {
      kind: 'rejected',
      fault: { kind: 'reply', stage: 'mail', reply: { code: 451, status: '4.3.0' } },
    },
    true,
  ],
  [
    'all recipients are refused',
    { RCPT: '550 5.1.1 unknown', DATA: '554 5.5.1 no recipients' },
    {
      kind: 'rejected',
      fault: { kind: 'reply', stage: 'rcpt', reply: { code: 550, status: '5.1.1' } },
    },
    true,
  ],
  [
    'DATA is refused',
    { DATA: '451 4.3.0 later' },
    { kind: 'rejected', fault: { kind: 'reply', stage: 'data', reply: { code: 451 } } },
    true,
  ],
  [
    'the message is refused for now',
    { DOT: '452 4.3.1 disk full' },
    {
      kind: 'rejected',
      fault: { kind: 'reply', stage: 'dot', reply: { code: 452, status: '4.3.1' } },
    },
    true,
  ],
  [
    'the message is refused for good',
    { DOT: '554 5.7.1 spam' },
    {
      kind: 'rejected',
      fault: { kind: 'reply', stage: 'dot', reply: { code: 554, status: '5.7.1' } },
    },
    true,
  ],
  [
    '421 answers MAIL',
    { MAIL: { say: '421 4.3.2 going down', after: 'close' } },
    { kind: 'rejected', fault: { kind: 'reply', stage: 'mail', reply: { code: 421 } } },
    false,
  ],
  [
    '421 answers RCPT',
    { RCPT: { say: '421 4.3.2 going down', after: 'close' } },
    { kind: 'rejected', fault: { kind: 'reply', stage: 'rcpt', reply: { code: 421 } } },
    false,
  ],
  [
    '421 answers DATA',
    { DATA: { say: '421 4.3.2 going down', after: 'close' } },
    { kind: 'rejected', fault: { kind: 'reply', stage: 'data', reply: { code: 421 } } },
    false,
  ],
  [
    '421 answers the dot',
    { DOT: { say: '421 4.3.2 going down', after: 'close' } },
    { kind: 'rejected', fault: { kind: 'reply', stage: 'dot', reply: { code: 421 } } },
    false,
  ],
  [
    'MAIL is refused and the session closed',
    { MAIL: { say: '554 5.7.1 go away', after: 'close' } },
    { kind: 'rejected', fault: { kind: 'reply', stage: 'mail', reply: { code: 554 } } },
    false,
  ],
]

const BREAKS: readonly Case[] = [
  [
    'the server closes at MAIL',
    { MAIL: { after: 'close' } },
    { kind: 'broken', dotSent: false, fault: { kind: 'closed', stage: 'mail' } },
    false,
  ],
  [
    'the server closes at RCPT',
    { RCPT: { after: 'close' } },
    { kind: 'broken', dotSent: false, fault: { kind: 'closed', stage: 'rcpt' } },
    false,
  ],
  [
    'the server closes at DATA',
    { DATA: { after: 'close' } },
    { kind: 'broken', dotSent: false, fault: { kind: 'closed', stage: 'data' } },
    false,
  ],
  [
    'the server closes after the dot',
    { DOT: { after: 'close' } },
    { kind: 'broken', dotSent: true, fault: { kind: 'closed', stage: 'dot' } },
    false,
  ],
  [
    'the connection is reset after the dot',
    { DOT: { after: 'reset' } },
    { kind: 'broken', dotSent: true, fault: { kind: 'closed', stage: 'dot' } },
    false,
  ],
  [
    'MAIL is answered with garbage',
    { MAIL: 'HTTP/1.1 200 OK' },
    { kind: 'broken', dotSent: false, fault: { kind: 'protocol', stage: 'mail' } },
    false,
  ],
  [
    'MAIL is answered with 354',
    { MAIL: '354 go on' },
    { kind: 'broken', dotSent: false, fault: { kind: 'protocol', stage: 'mail' } },
    false,
  ],
  [
    'DATA is answered with 250',
    { DATA: '250 what' },
    { kind: 'broken', dotSent: false, fault: { kind: 'protocol', stage: 'data' } },
    false,
  ],
  [
    'the dot is answered with garbage',
    { DOT: 'thanks' },
    { kind: 'broken', dotSent: true, fault: { kind: 'protocol', stage: 'dot' } },
    false,
  ],
  [
    'the dot is answered with 354',
    { DOT: '354 more' },
    { kind: 'broken', dotSent: true, fault: { kind: 'protocol', stage: 'dot' } },
    false,
  ],
]

for (const [way, base] of WAYS) {
  test.for([...REFUSALS, ...BREAKS])(`%s, ${way}`, async ([, script, expected, isUsable]) => {
    await using server = await startScriptedServer({ ...base, ...script })
    using session = await sessionWith(server)
    const ending = await session.deliver(ENVELOPE, BODY, { beforeDot: allow })
    expect(ending).toMatchObject(expected)
    await expect.poll(() => session.isUsable).toBe(isUsable)
  })

  test.for(['mail', 'rcpt', 'data', 'dot'] as const)(
    `silence at %s ends with the time-out of that stage, ${way}`,
    async (stage) => {
      const script = { ...base, [stage.toUpperCase()]: { after: 'silence' } }
      const { ending, isUsable } = await deliver(script, { timeouts: { [stage]: 100 } })
      expect(ending).toMatchObject({
        kind: 'broken',
        dotSent: stage === 'dot',
        fault: { kind: 'timeout', stage },
      })
      expect(isUsable).toBe(false)
    },
  )

  test(`refused recipients leave the others theirs, ${way}`, async () => {
    const { ending } = await deliver(
      { ...base, RCPT: ['250 ok', '550 5.1.1 unknown', '450 4.2.1 busy'] },
      { envelope: { from: '', to: ['a@example.com', 'b@example.com', 'c@example.com'] } },
    )
    expect(ending).toMatchObject({
      kind: 'accepted',
      recipients: [
        { address: 'a@example.com', accepted: true },
        { address: 'b@example.com', accepted: false, reply: { code: 550 } },
        { address: 'c@example.com', accepted: false, reply: { code: 450 } },
      ],
    })
  })

  test(`all refused, some for now: the transient refusal speaks for all, ${way}`, async () => {
    const { ending } = await deliver(
      { ...base, RCPT: ['550 5.1.1 unknown', '450 4.2.1 busy'], DATA: '554 no' },
      { envelope: TWO },
    )
    expect(ending).toMatchObject({ kind: 'rejected', fault: { reply: { code: 450 } } })
  })

  test(`replies in odd pieces are understood, ${way}`, async () => {
    const { ending } = await deliver({
      ...base,
      MAIL: { pieces: ['2', '50-2.1', '.0 first\r', '\n250 2.1.0 se', 'cond\r\n'] },
      RCPT: { pieces: ['250 ok', '\r', '\n'] },
      DOT: { pieces: ['25', '0 2.0.0 taken\r\n'] },
    })
    expect(ending).toMatchObject({ kind: 'accepted', reply: { code: 250, status: '2.0.0' } })
  })

  test(`after a refused transaction the next one starts with RSET, ${way}`, async () => {
    await using server = await startScriptedServer({ ...base, DATA: ['451 later', '354 go on'] })
    using session = await sessionWith(server)
    await session.deliver(ENVELOPE, BODY, { beforeDot: allow })
    const ending = await session.deliver(ENVELOPE, BODY, { beforeDot: allow })
    expect(ending).toMatchObject({ kind: 'accepted' })
    expect(server.commands.filter((line) => line === 'RSET')).toHaveLength(1)
    expect(server.commands.indexOf('RSET')).toBe(4)
  })

  test(`a reused session that the server ends at MAIL is stale, ${way}`, async () => {
    await using server = await startScriptedServer({
      ...base,
      MAIL: ['250 ok', { say: '421 4.7.0 too many messages', after: 'close' }],
    })
    using session = await sessionWith(server)
    const first = await session.deliver(ENVELOPE, BODY, { beforeDot: allow })
    const second = await session.deliver(ENVELOPE, BODY, { beforeDot: allow })
    expect(first).toMatchObject({ kind: 'accepted' })
    expect(second).toMatchObject({ kind: 'rejected', isStale: true, fault: { stage: 'mail' } })
  })
}

test('a new session that the server ends at MAIL is not stale', async () => {
  const { ending } = await deliver({ MAIL: { after: 'close' } })
  expect(ending).not.toHaveProperty('isStale')
})

test('a body that got its 354 without a recipient is ended with a lone dot', async () => {
  await using server = await startScriptedServer({ RCPT: ['550 5.1.1 unknown', '250 ok'] })
  using session = await sessionWith(server)
  const first = await session.deliver(ENVELOPE, BODY, { beforeDot: allow })
  expect(first).toMatchObject({ kind: 'rejected', fault: { stage: 'rcpt', reply: { code: 550 } } })
  expect(server.bodies).toBe('.\r\n')
  const second = await session.deliver(ENVELOPE, BODY, { beforeDot: allow })
  expect(second).toMatchObject({ kind: 'accepted' })
})

test('a 354 after a refused sender closes the session without a message', async () => {
  const { ending, isUsable, dots } = await deliver({ MAIL: '550 5.7.1 not you' })
  expect(ending).toMatchObject({ kind: 'rejected', fault: { stage: 'mail', reply: { code: 550 } } })
  expect(isUsable).toBe(false)
  expect(dots).toBe(0)
})

test('what follows a refused sender is not held against the recipients', async () => {
  const { ending } = await deliver({ MAIL: '451 later', RCPT: '503 no', DATA: '503 no' })
  expect(ending).toMatchObject({ recipients: [{ reply: undefined, accepted: false }] })
})
