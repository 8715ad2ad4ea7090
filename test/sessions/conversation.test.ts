import { expect, test } from 'vitest'

import type { Timeouts } from '../../src/connections/timeouts.ts'
import { stageReached, type TransactionEnding } from '../../src/connections/transaction-ending.ts'
import { startScriptedServer, STEP_BY_STEP } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'
import { sessionWith } from '../support/test-session.ts'

const ENVELOPE = { from: 'ann@example.org', to: ['bob@example.com', 'eve@example.com'] }
const BODY = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const SHORT = 60

interface Options {
  readonly body?: Buffer
  readonly timeouts?: Partial<Timeouts>
  readonly mayDot?: boolean
}

async function end(
  script: Script,
  { body = BODY, timeouts = {}, mayDot = true }: Options = {},
): Promise<TransactionEnding> {
  await using server = await startScriptedServer(script)
  using session = await sessionWith(server, { timeouts })
  return await session.deliver(ENVELOPE, body, { beforeDot: () => Promise.resolve(mayDot) })
}

const MAIL = `C: MAIL FROM:<…@example.org> SIZE=${BODY.length}`
const [BOB, EVE] = ['C: RCPT TO:<bob@example.com>', 'C: RCPT TO:<eve@example.com>']
const OFFERED = [MAIL, BOB, EVE, 'C: DATA']
const SENDER_OK = 'S: 250 2.1.0 sender ok'
const OK = 'S: 250 2.1.5 recipient ok'
const GO_ON = 'S: 354 go on'
const SENT = `C: … ${BODY.length} bytes`

interface Case {
  readonly script: Script
  readonly options?: Options
  readonly stage: string
  /** The index of the recipient that was not answered. */
  readonly recipient?: number
  readonly said: readonly string[]
}

/** Every way in which a transaction can end, by the stage that it reached. */
const ENDINGS: readonly (readonly [name: string, ending: Case])[] = [
  [
    'MAIL is refused, and what follows with it',
    {
      script: { MAIL: '550 5.7.1 ann@example.org may not', RCPT: '503 no', DATA: '503 no' },
      stage: 'mail',
      said: [
        ...OFFERED,
        'S: 550 5.7.1 …@example.org may not',
        'S: 503 no',
        'S: 503 no',
        'S: 503 no',
      ],
    },
  ],
  [
    'MAIL is refused, step by step',
    {
      script: { EHLO: STEP_BY_STEP, MAIL: '451 later' },
      stage: 'mail',
      said: [MAIL, 'S: 451 later'],
    },
  ],
  [
    'MAIL is never answered',
    {
      script: { MAIL: { after: 'silence' } },
      options: { timeouts: { mail: SHORT } },
      stage: 'mail',
      said: [...OFFERED, '* timeout: nothing came for 60ms (timeouts.mail)'],
    },
  ],
  [
    'the connection is reset at the second recipient, step by step',
    {
      script: { EHLO: STEP_BY_STEP, RCPT: ['250 2.1.5 recipient ok', { after: 'reset' }] },
      stage: 'rcpt',
      recipient: 1,
      said: [MAIL, SENDER_OK, BOB, OK, EVE, '* closed: the connection failed with ECONNRESET'],
    },
  ],
  [
    'the first recipient is never answered',
    {
      script: { RCPT: { after: 'silence' } },
      options: { timeouts: { rcpt: SHORT } },
      stage: 'rcpt',
      recipient: 0,
      said: [...OFFERED, SENDER_OK, '* timeout: nothing came for 60ms (timeouts.rcpt)'],
    },
  ],
  [
    '421 comes for the second recipient',
    {
      script: { RCPT: ['250 2.1.5 recipient ok', { say: '421 4.7.0 bye', after: 'close' }] },
      stage: 'rcpt',
      recipient: 1,
      said: [...OFFERED, SENDER_OK, OK, 'S: 421 4.7.0 bye'],
    },
  ],
  [
    'all recipients are refused',
    {
      script: { RCPT: '550 5.1.1 nobody', DATA: '554 no valid recipients' },
      stage: 'rcpt',
      said: [
        ...OFFERED,
        SENDER_OK,
        'S: 550 5.1.1 nobody',
        'S: 550 5.1.1 nobody',
        'S: 554 no valid recipients',
      ],
    },
  ],
  [
    'DATA is never answered',
    {
      script: { DATA: { after: 'silence' } },
      options: { timeouts: { data: SHORT } },
      stage: 'data',
      said: [...OFFERED, SENDER_OK, OK, OK, '* timeout: nothing came for 60ms (timeouts.data)'],
    },
  ],
  [
    'the ledger forbids the final dot',
    {
      script: {},
      options: { mayDot: false },
      stage: 'body',
      said: [
        ...OFFERED,
        SENDER_OK,
        OK,
        OK,
        GO_ON,
        `C: … 0 of ${BODY.length} bytes`,
        '* the final dot was withheld: the message is not ours any more',
      ],
    },
  ],
  [
    'the final dot is refused',
    {
      script: { DOT: '554 5.7.1 spam' },
      stage: 'dot',
      said: [...OFFERED, SENDER_OK, OK, OK, GO_ON, SENT, 'C: .', 'S: 554 5.7.1 spam'],
    },
  ],
  [
    'the final dot is never answered',
    {
      script: { DOT: { after: 'silence' } },
      options: { timeouts: { dot: SHORT } },
      stage: 'dot',
      said: [
        ...OFFERED,
        SENDER_OK,
        OK,
        OK,
        GO_ON,
        SENT,
        'C: .',
        '* timeout: nothing came for 60ms (timeouts.dot)',
      ],
    },
  ],
  [
    'one recipient is refused and the other gets it',
    {
      script: { RCPT: ['550 5.1.1 nobody', '250 2.1.5 recipient ok'] },
      stage: 'after',
      said: [
        ...OFFERED,
        SENDER_OK,
        'S: 550 5.1.1 nobody',
        OK,
        GO_ON,
        SENT,
        'C: .',
        'S: 250 2.0.0 taken',
      ],
    },
  ],
]

test.for(ENDINGS)('an ending tells its stage and what was said: %s', async ([, ending]) => {
  const { script, options, stage, recipient, said } = ending
  const ended = await end(script, options)
  expect(ended.conversation).toEqual(said)
  expect(stageReached(ended)).toBe(stage)
  expect(ended.recipient).toBe(recipient)
})

test('a body that was cut off tells how much of it had left', async () => {
  const body = Buffer.alloc(20_000_000, 'x'.repeat(76) + '\r\n')
  const ended = await end({ BODY: { after: 'deafness' } }, { body, timeouts: { body: SHORT } })
  expect(stageReached(ended)).toBe('body')
  expect(ended.conversation?.at(-2)).toMatch(/^C: … \d+ of 20000000 bytes$/)
  expect(ended.conversation?.at(-1)).toMatch(/^\* timeout: /)
})

test('what we end ourselves tells how far it came', async () => {
  await using server = await startScriptedServer({ DATA: { after: 'silence' } })
  using session = await sessionWith(server)
  const ending = new AbortController()
  const ended = session.deliver(ENVELOPE, BODY, {
    beforeDot: () => Promise.resolve(true),
    signal: ending.signal,
  })
  await expect.poll(() => server.commands.at(-1)).toBe('DATA')
  ending.abort()
  expect((await ended).conversation?.at(-1)).toBe('* aborted: ended from our side')
})

test('a message that everybody gets leaves no conversation', async () => {
  const ended = await end({})
  expect(ended).toMatchObject({ kind: 'accepted', reply: { code: 250 } })
  expect(ended.conversation).toBeUndefined()
})
