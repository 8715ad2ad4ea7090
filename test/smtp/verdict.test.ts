import { expect, test } from 'vitest'

import { STAGES, isTransactionStage } from '../../src/smtp/stage.ts'
import { RULES_VERSION } from '../../src/smtp/rules/version.ts'
import { inWords, judgeReply } from './judged.ts'

const STATUSES = ['', ...everyStatus()]
const TEXTS = [
  'no',
  'permanently deferred [TSS09]',
  'blocked using zen.example.org',
  'Relay access denied',
  'not RFC 5322 compliant: Message-ID',
  'too many recipients',
  'spam, by policy',
  'authentication required',
]

test.for(['421', '450', '451', '499', '503'])(
  'no stage, enhanced code or text lets %s kill a message',
  (code) => {
    const refusing = STAGES.flatMap((stage) =>
      STATUSES.flatMap((status) =>
        TEXTS.map((text) => [code, status, text].filter(Boolean).join(' '))
          .filter((line) => judgeReply(stage, line).message === 'refuse')
          .map((line) => `${stage}: ${line}`),
      ),
    )
    expect(refusing).toEqual([])
  },
)

test('no negative reply before the end of a transaction is taken for success', () => {
  for (const stage of STAGES.filter((some) => some !== 'after')) {
    for (const status of STATUSES) {
      for (const code of ['450', '550']) {
        expect(judgeReply(stage, `${code} ${status} no`).message).not.toBe('accepted')
      }
    }
  }
})

test('before MAIL no message pays, whatever the reply', () => {
  for (const stage of STAGES.filter((some) => !isTransactionStage(some))) {
    for (const status of STATUSES) {
      for (const code of ['421', '450', '503', '554']) {
        const { message, manager } = judgeReply(stage, `${code} ${status} no`)
        expect(message).toBe('return')
        expect(['fault', 'auth', 'throttle']).toContain(manager)
      }
    }
  }
})

test.for<[line: string, words: string]>([
  ['450 5.1.1 no', 'retry recipient retry fine'],
  ['550 4.1.1 no', 'permanent recipient refuse fine'],
  ['550 4.7.1 no', 'policy recipient refuse fine'],
  ['451 5.7.26 no', 'throttle account retry throttle'],
  ['550 2.1.5 ok', 'permanent recipient refuse fine'],
  ['450 2.1.5 ok', 'retry recipient retry fine'],
  ['250 5.1.1 no', 'ok recipient accepted fine'],
])('the reply code of %s says whether to try again: %s', ([line, words]) => {
  expect(inWords(judgeReply('rcpt', line))).toBe(words)
})

test('a contradicted enhanced code still tells whom it is about', () => {
  expect(judgeReply('rcpt', '450 5.4.4 no').scope).toBe('domain')
  expect(judgeReply('rcpt', '450 5.4.4 no').rule).toBe('enhanced.4.4.4')
})

test('421 closes the connection, unless it says that it is about the rate', () => {
  expect(inWords(judgeReply('rcpt', '421 4.2.1 no'))).toBe('connection manager retry suspect')
  expect(inWords(judgeReply('rcpt', '421 4.7.28 no'))).toBe('throttle account retry throttle')
})

test('texts beyond ASCII are judged by their codes', () => {
  expect(judgeReply('rcpt', '550 5.1.1 Пользователь не найден').rule).toBe('enhanced.5.1.1')
  expect(judgeReply('dot', '550 邮件被拒绝').rule).toBe('basic.550.dot')
})

test('a multi-line reply is judged by its last code and its first enhanced code', () => {
  const line = '550-5.7.1 see\r\n550-5.7.1 our policy\r\n450 5.1.1 at example.org'
  expect(judgeReply('rcpt', line).rule).toBe('enhanced.4.7.1')
})

test('a text of 3 MB is judged', () => {
  expect(judgeReply('dot', `550 5.7.1 ${'try again '.repeat(300_000)}`).rule).toBe('enhanced.5.7.1')
})

test('what is said at RCPT is said of one recipient, and at MAIL of none', () => {
  expect(judgeReply('rcpt', '552 5.3.4 too big').scope).toBe('recipient')
  expect(judgeReply('mail', '550 5.1.1 no').scope).toBe('sender')
})

test('the tables have a version', () => {
  expect(RULES_VERSION).toBeGreaterThanOrEqual(1)
})

function everyStatus(): readonly string[] {
  const details = [...Array.from({ length: 31 }, (_, detail) => detail), 57, 60, 90, 121, 139, 321]
  const special = [501, 508, 511, 515, 606, 650, 700, 750, 850]
  return [2, 4, 5].flatMap((digit) =>
    Array.from({ length: 8 }, (_, subject) => subject).flatMap((subject) =>
      [...details, ...special].map((detail) => `${digit}.${subject}.${detail}`),
    ),
  )
}
