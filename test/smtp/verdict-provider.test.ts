import { expect, test } from 'vitest'

import type { Stage } from '../../src/smtp/stage.ts'
import { inWords, judgeReply } from './judged.ts'

const MINUTE_MS = 60_000
const LOGIN = 'auth account retry auth'
const SLOW_DOWN = 'throttle account retry throttle'

type Row = [rule: string, stage: Stage, line: string, words: string, minutes?: number]

test.for<Row>([
  ['gmail.unusual-rate', 'dot', '421 4.7.28 detected an unusual rate of mail', SLOW_DOWN, 30],
  ['gmail.unusual-rate', 'dot', '421 4.7.0 unusual rate of unsolicited mail', SLOW_DOWN, 30],
  [
    'gmail.same-message-id',
    'dot',
    '421 4.7.28 an unusual rate of messages with the same Message-ID',
    'throttle message retry fine',
    60,
  ],
  ['gmail.daily-limit', 'dot', '550 5.4.5 Daily user sending limit exceeded', SLOW_DOWN, 60],
  ['gmail.daily-limit', 'mail', '550 5.7.1 Daily SMTP relay limit exceeded', SLOW_DOWN, 60],
  ['gmail.logins', 'auth', '454 4.7.0 Too many login attempts', 'auth account return throttle', 15],
  [
    'gmail.logins',
    'auth',
    '454 4.7.0 Cannot authenticate due to a temporary system problem',
    'auth account return throttle',
    15,
  ],
  ['gmail.malformed', 'dot', '550 5.7.1 has a missing Message-ID', 'permanent message refuse fine'],
  [
    'gmail.malformed',
    'dot',
    '550-5.7.1 is not RFC 5322 compliant',
    'permanent message refuse fine',
  ],
  [
    'gmail.malformed',
    'dot',
    '550 5.7.1 missing a valid From header',
    'permanent message refuse fine',
  ],
  ['yahoo.deferred', 'mail', '421 4.7.0 [TSS04] Messages deferred', SLOW_DOWN, 120],
  ['yahoo.deferred', 'mail', '421 4.7.0 [TS02] Messages deferred', SLOW_DOWN, 120],
  ['yahoo.deferred', 'mail', '421 4.7.1 [TS03] permanently deferred', SLOW_DOWN, 120],
  ['yahoo.deferred', 'mail', '421 4.7.0 [TSS05] Messages deferred', SLOW_DOWN, 120],
  ['yahoo.deferred', 'mail', '421 4.7.0 [IPTS04] Messages deferred', SLOW_DOWN, 120],
  ['yahoo.never', 'mail', '553 5.7.2 [TSS09] permanently deferred', 'policy message refuse fine'],
  ['yahoo.never', 'rcpt', '553 5.7.2 [TSS11] no', 'policy recipient refuse fine'],
  [
    'yahoo.worn',
    'mail',
    '421 Max message per connection reached',
    'connection manager retry suspect',
  ],
  ['exchange.threads', 'mail', '432 4.3.2 sender thread limit exceeded', SLOW_DOWN, 1],
  ['exchange.busy', 'rcpt', '451 4.7.500 Server busy. Please try again later', SLOW_DOWN, 30],
  ['exchange.busy', 'mail', '421 RP-001 unusual', SLOW_DOWN, 30],
  ['exchange.busy', 'mail', '421 (DYN:T1)', SLOW_DOWN, 30],
  ['exchange.busy', 'mail', '421 (RLY:B2)', SLOW_DOWN, 30],
  ['exchange.busy', 'mail', '451 4.7.0 IB007', SLOW_DOWN, 30],
  ['exchange.quota', 'dot', '554 5.2.0 STOREDRV; SubmissionQuotaExceededException', SLOW_DOWN, 60],
  ['exchange.basic-auth', 'dot', '550 5.7.30 Basic authentication is not supported', LOGIN],
  ['ses.rate', 'dot', '454 Throttling failure: Maximum sending rate exceeded', SLOW_DOWN],
  ['ses.daily-quota', 'dot', '454 Throttling failure: Daily message quota exceeded', SLOW_DOWN, 60],
  ['ses.not-allowed', 'dot', '554 User x is not authorized to perform ses:SendRawEmail', LOGIN],
  [
    'ses.not-verified',
    'dot',
    '554 Message rejected: Email address is not verified',
    'auth account retry suspect',
  ],
  ['apple.volume', 'mail', '421 [HCM1] no', SLOW_DOWN, 15],
  ['apple.volume', 'rcpt', '450 4.7.1 excessive volume', SLOW_DOWN, 15],
  ['apple.volume', 'dot', '451 [BS02] no', SLOW_DOWN, 15],
  [
    'any.listed',
    'rcpt',
    '554 5.7.1 blocked using zen.example.org',
    'policy manager refuse suspect',
  ],
  ['any.listed', 'rcpt', '450 4.7.1 listed at bl.example.org', 'policy manager retry suspect'],
  ['any.listed', 'greeting', '554 blocked using zen.example.org', 'policy manager return fault'],
  ['any.greylist', 'rcpt', '451 4.7.1 Greylisted', 'retry recipient retry fine', 5],
  ['any.greylist', 'rcpt', '450 4.2.0 graylisting in action', 'retry recipient retry fine', 5],
  ['any.greylist', 'dot', '451 grey listed', 'retry message retry fine', 5],
  ['any.later', 'rcpt', '450 Please try again later', 'retry recipient retry fine', 5],
  ['any.later', 'rcpt', '451 4.3.0 try later', 'retry recipient retry fine', 5],
])('%s at %s: %s is %s', ([rule, stage, line, words, minutes]) => {
  const verdict = judgeReply(stage, line)
  expect(verdict.rule).toBe(`provider.${rule}`)
  expect(inWords(verdict)).toBe(words)
  expect(verdict.minDelayMs).toBe(minutes === undefined ? undefined : minutes * MINUTE_MS)
})

test("a provider's text counts for nothing at another provider", () => {
  const line = '550 5.4.4 [TSS09] permanently deferred'
  expect(judgeReply('rcpt', line, { provider: 'yahoo' }).rule).toBe('provider.yahoo.never')
  expect(judgeReply('rcpt', line, { provider: 'gmail' }).rule).toBe('enhanced.5.4.4')
  expect(judgeReply('rcpt', line, { provider: 'none' }).rule).toBe('enhanced.5.4.4')
})

test('greylisting before MAIL is the business of the session', () => {
  expect(judgeReply('greeting', '450 greylisted').rule).toBe('stage.greeting.4yz')
})

test('"try again" hides no reason that is told', () => {
  expect(judgeReply('rcpt', '450 4.7.25 no rDNS, try again').rule).toBe('enhanced.4.7.25')
  expect(judgeReply('rcpt', '450 rate limited, try again later').rule).toBe('basic.450.rate')
  expect(judgeReply('rcpt', '452 4.5.3 no, try again', { acceptedBefore: true }).class).toBe(
    'split',
  )
})
