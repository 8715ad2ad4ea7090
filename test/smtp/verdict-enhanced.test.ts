import { expect, test } from 'vitest'

import type { Stage } from '../../src/smtp/stage.ts'
import type { JudgeContext } from '../../src/smtp/verdict.ts'
import { inWords, judgeReply } from './judged.ts'

const LOGIN = 'auth account retry auth'
const SLOW_DOWN = 'throttle account retry throttle'
const BLOCKED = 'policy account retry auth'
const SUSPICIOUS = 'connection manager retry suspect'
const RETRY_RECIPIENT = 'retry recipient retry fine'
const RETRY_MESSAGE = 'retry message retry fine'
const REFUSE_RECIPIENT = 'permanent recipient refuse fine'
const REFUSE_MESSAGE = 'permanent message refuse fine'
const REFUSE_SENDER = 'permanent sender refuse fine'
const REFUSE_DOMAIN = 'permanent domain refuse fine'
const UNTRUSTED = 'policy sender refuse fine'

/** What a bare 499 and 599 mean at the stages of these tables: the code is left to them. */
const BY_CODE = undefined

test.for<[status: string, stage: Stage, soft: string | undefined, hard: string | undefined]>([
  ['0.0', 'rcpt', BY_CODE, BY_CODE],
  ['1.0', 'rcpt', RETRY_RECIPIENT, REFUSE_RECIPIENT],
  ['1.0', 'mail', 'retry sender retry fine', REFUSE_SENDER],
  ['1.1', 'rcpt', RETRY_RECIPIENT, REFUSE_RECIPIENT],
  ['1.2', 'rcpt', 'retry domain retry fine', REFUSE_DOMAIN],
  ['1.3', 'rcpt', BY_CODE, REFUSE_RECIPIENT],
  ['1.4', 'rcpt', RETRY_RECIPIENT, REFUSE_RECIPIENT],
  ['1.5', 'rcpt', BY_CODE, BY_CODE],
  ['1.6', 'rcpt', BY_CODE, REFUSE_RECIPIENT],
  ['1.7', 'mail', BY_CODE, REFUSE_SENDER],
  ['1.8', 'mail', 'retry sender retry fine', REFUSE_SENDER],
  ['1.9', 'rcpt', BY_CODE, BY_CODE],
  ['1.10', 'rcpt', BY_CODE, REFUSE_DOMAIN],
  ['1.90', 'dot', BY_CODE, SLOW_DOWN],

  ['2.0', 'rcpt', RETRY_RECIPIENT, REFUSE_RECIPIENT],
  ['2.1', 'rcpt', RETRY_RECIPIENT, REFUSE_RECIPIENT],
  ['2.2', 'rcpt', RETRY_RECIPIENT, REFUSE_RECIPIENT],
  ['2.3', 'dot', BY_CODE, REFUSE_MESSAGE],
  ['2.3', 'rcpt', BY_CODE, REFUSE_RECIPIENT],
  ['2.4', 'rcpt', RETRY_RECIPIENT, REFUSE_RECIPIENT],
  ['2.121', 'rcpt', BY_CODE, 'throttle recipient retry fine'],
  ['2.122', 'rcpt', BY_CODE, 'throttle recipient retry fine'],

  ['3.0', 'dot', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['3.1', 'dot', SUSPICIOUS, 'permanent manager refuse fine'],
  ['3.2', 'rcpt', SUSPICIOUS, 'permanent manager refuse fine'],
  ['3.2', 'mail', SUSPICIOUS, SUSPICIOUS],
  ['3.3', 'dot', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['3.4', 'mail', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['3.5', 'rcpt', SUSPICIOUS, SUSPICIOUS],

  ['4.0', 'rcpt', SUSPICIOUS, 'permanent manager refuse fine'],
  ['4.1', 'rcpt', SUSPICIOUS, 'permanent manager refuse fine'],
  ['4.2', 'dot', SUSPICIOUS, SUSPICIOUS],
  ['4.3', 'rcpt', 'retry manager retry fine', 'permanent manager refuse fine'],
  ['4.4', 'rcpt', 'retry domain retry fine', REFUSE_DOMAIN],
  ['4.5', 'dot', SLOW_DOWN, SLOW_DOWN],
  ['4.6', 'dot', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['4.7', 'dot', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['4.8', 'rcpt', 'retry manager retry fine', BY_CODE],

  ['5.0', 'data', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['5.1', 'data', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['5.2', 'data', BY_CODE, REFUSE_MESSAGE],
  ['5.3', 'rcpt', RETRY_RECIPIENT, REFUSE_RECIPIENT],
  ['5.4', 'mail', BY_CODE, REFUSE_MESSAGE],
  ['5.5', 'mail', SUSPICIOUS, SUSPICIOUS],
  ['5.6', 'mail', 'auth account retry suspect', LOGIN],

  ...['6.0', '6.1', '6.2', '6.3', '6.4', '6.5', '6.6'].map(
    (status): [string, Stage, string, string] => [status, 'dot', RETRY_MESSAGE, REFUSE_MESSAGE],
  ),
  ['6.7', 'rcpt', BY_CODE, REFUSE_RECIPIENT],
  ['6.7', 'mail', BY_CODE, REFUSE_SENDER],
  ['6.8', 'dot', BY_CODE, REFUSE_MESSAGE],
  ['6.9', 'dot', BY_CODE, REFUSE_MESSAGE],
  ['6.10', 'dot', BY_CODE, REFUSE_MESSAGE],

  ['7.0', 'dot', SLOW_DOWN, 'policy message refuse fine'],
  ['7.1', 'dot', RETRY_MESSAGE, 'policy message refuse fine'],
  ['7.1', 'rcpt', RETRY_RECIPIENT, 'policy recipient refuse fine'],
  ['7.2', 'rcpt', BY_CODE, REFUSE_RECIPIENT],
  ['7.3', 'mail', BY_CODE, 'permanent account refuse fine'],
  ['7.4', 'mail', 'connection account retry suspect', LOGIN],
  ['7.5', 'dot', SUSPICIOUS, REFUSE_MESSAGE],
  ['7.6', 'dot', SUSPICIOUS, REFUSE_MESSAGE],
  ['7.7', 'dot', SUSPICIOUS, REFUSE_MESSAGE],
  ['7.8', 'mail', 'auth account retry suspect', LOGIN],
  ['7.9', 'mail', 'auth account retry suspect', LOGIN],
  ['7.10', 'mail', SUSPICIOUS, LOGIN],
  ['7.11', 'mail', 'auth account retry suspect', LOGIN],
  ['7.12', 'mail', 'auth account retry suspect', LOGIN],
  ['7.13', 'mail', BY_CODE, LOGIN],
  ['7.14', 'mail', BY_CODE, LOGIN],
  ['7.15', 'dot', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['7.16', 'dot', RETRY_MESSAGE, REFUSE_MESSAGE],
  ['7.17', 'rcpt', BY_CODE, REFUSE_RECIPIENT],
  ['7.18', 'rcpt', BY_CODE, REFUSE_RECIPIENT],
  ['7.19', 'rcpt', BY_CODE, REFUSE_RECIPIENT],
  ['7.20', 'dot', 'retry sender retry fine', UNTRUSTED],
  ['7.21', 'dot', 'retry sender retry fine', UNTRUSTED],
  ['7.22', 'dot', 'retry sender retry fine', UNTRUSTED],
  ['7.23', 'dot', SLOW_DOWN, UNTRUSTED],
  ['7.24', 'dot', SLOW_DOWN, UNTRUSTED],
  ['7.25', 'dot', SLOW_DOWN, 'policy manager refuse fine'],
  ['7.26', 'dot', SLOW_DOWN, UNTRUSTED],
  ['7.27', 'dot', SLOW_DOWN, UNTRUSTED],
  ['7.28', 'dot', SLOW_DOWN, SLOW_DOWN],
  ['7.29', 'dot', SUSPICIOUS, 'policy message refuse fine'],
  ['7.30', 'dot', BY_CODE, 'policy message refuse fine'],
  ['7.30', 'mail', BY_CODE, LOGIN],

  ['7.321', 'rcpt', 'connection domain retry suspect', REFUSE_DOMAIN],
  ['7.325', 'rcpt', 'connection domain retry suspect', REFUSE_DOMAIN],
  ['7.500', 'rcpt', SLOW_DOWN, BY_CODE],
  ['7.650', 'rcpt', SLOW_DOWN, BY_CODE],
  ['7.699', 'rcpt', SLOW_DOWN, BY_CODE],
  ['7.850', 'rcpt', SLOW_DOWN, BY_CODE],
  ['7.899', 'rcpt', SLOW_DOWN, BY_CODE],
  ['7.501', 'rcpt', SLOW_DOWN, BLOCKED],
  ['7.503', 'rcpt', SLOW_DOWN, BLOCKED],
  ['7.508', 'rcpt', SLOW_DOWN, SLOW_DOWN],
  ['7.511', 'rcpt', SLOW_DOWN, BLOCKED],
  ['7.606', 'rcpt', SLOW_DOWN, BLOCKED],
  ['7.649', 'rcpt', SLOW_DOWN, BLOCKED],
  ['7.700', 'rcpt', BY_CODE, BLOCKED],
  ['7.749', 'rcpt', BY_CODE, BLOCKED],
  ['7.750', 'rcpt', BY_CODE, BLOCKED],
  ['7.515', 'dot', SLOW_DOWN, UNTRUSTED],
  ['7.57', 'mail', BY_CODE, LOGIN],
  ['7.60', 'mail', BY_CODE, 'permanent account refuse fine'],
  ['7.64', 'mail', BY_CODE, LOGIN],
  ['7.139', 'mail', BY_CODE, LOGIN],

  ['9.9', 'rcpt', BY_CODE, BY_CODE],
  ['7.999', 'rcpt', BY_CODE, BY_CODE],
])('X.%s at %s: 4yz is %s, 5yz is %s', ([status, stage, soft, hard]) => {
  const softVerdict = judgeReply(stage, `499 4.${status} no`)
  const hardVerdict = judgeReply(stage, `599 5.${status} no`)
  expect(inWords(softVerdict)).toBe(soft ?? inWords(judgeReply(stage, '499 no')))
  expect(inWords(hardVerdict)).toBe(hard ?? inWords(judgeReply(stage, '599 no')))
  expect(softVerdict.rule).toMatch(soft ? /^enhanced\.4\./ : /^basic\.4yz\./)
  expect(hardVerdict.rule).toMatch(hard ? /^enhanced\.5\./ : /^basic\.5yz\./)
})

type Exception = [line: string, stage: Stage, words: string, rule: string, context?: JudgeContext]

test.for<Exception>([
  ['550 5.1.8 bad outbound sender', 'mail', LOGIN, 'enhanced.5.1.8.blocked'],
  ['554 5.2.0 SendAsDenied', 'dot', 'permanent account refuse fine', 'enhanced.5.2.0.send-as'],
  [
    '450 4.2.1 busy',
    'rcpt',
    'throttle recipient retry fine',
    'enhanced.4.2.1.gmail',
    { provider: 'gmail' },
  ],
  ['450 4.2.1 peak limit of the relay', 'rcpt', SLOW_DOWN, 'enhanced.4.2.1.peak'],
  ['550 5.2.1 mail at a rate that', 'rcpt', 'throttle recipient retry fine', 'enhanced.5.2.1.rate'],
  ['552 5.2.2 Submission quota exceeded', 'dot', SLOW_DOWN, 'enhanced.5.2.2.quota'],
  ['432 4.3.2 slow', 'mail', SLOW_DOWN, 'enhanced.4.3.2.threads'],
  [
    '452 4.5.3 no more',
    'rcpt',
    'split recipient split fine',
    'enhanced.4.5.3.split',
    { acceptedBefore: true },
  ],
  [
    '552 5.5.3 no more',
    'rcpt',
    'split recipient split fine',
    'enhanced.5.5.3.split',
    { splitBefore: false },
  ],
  ['552 5.5.3 no more', 'rcpt', REFUSE_RECIPIENT, 'enhanced.5.5.3', { splitBefore: true }],
  [
    '552 5.5.3 no more',
    'rcpt',
    'split recipient split fine',
    'enhanced.5.5.3.split',
    { splitBefore: true, acceptedBefore: true },
  ],
  [
    '550 5.5.3 too many recipients for this sender',
    'rcpt',
    SLOW_DOWN,
    'enhanced.5.5.3.rate',
    { acceptedBefore: true },
  ],
  ['530 5.5.1 Authentication Required', 'mail', LOGIN, 'basic.530.mail'],
  ['530 5.7.0 Must issue a STARTTLS command first', 'mail', LOGIN, 'basic.530.mail'],
  ['535 5.7.3 no', 'mail', LOGIN, 'basic.535.mail'],
  ['550 5.7.0 TLS is required', 'mail', SUSPICIOUS, 'enhanced.5.7.0.tls'],
  ['450 4.7.0 no', 'rcpt', 'throttle recipient retry fine', 'enhanced.4.7.0.recipient'],
  ['421 4.7.0 no', 'rcpt', SLOW_DOWN, 'enhanced.4.7.0'],
  ['450 4.7.1 rate limit', 'rcpt', SLOW_DOWN, 'enhanced.4.7.1.rate'],
  ['550 5.7.1 Client was not authenticated', 'mail', LOGIN, 'enhanced.5.7.1.login'],
  [
    '554 5.7.1 Relay access denied',
    'rcpt',
    'policy account refuse suspect',
    'enhanced.5.7.1.relay',
  ],
  ['554 5.7.9 unauthenticated', 'dot', UNTRUSTED, 'enhanced.5.7.9.yahoo', { provider: 'yahoo' }],
  ['550 5.7.13 public folder', 'rcpt', REFUSE_RECIPIENT, 'enhanced.5.7.13.folder'],
  ['550 5.7.29 TLS required', 'dot', SUSPICIOUS, 'enhanced.5.7.29.tls'],
])('%s at %s is %s by %s', ([line, stage, words, rule, context]) => {
  const verdict = judgeReply(stage, line, context)
  expect(inWords(verdict)).toBe(words)
  expect(verdict.rule).toBe(rule)
})

test('an unauthenticated message is not taken for an unauthenticated session', () => {
  const line = "550 5.7.1 Unauthenticated email is not accepted due to the domain's DMARC policy"
  expect(inWords(judgeReply('dot', line))).toBe('policy message refuse fine')
})

test('a range of codes is one rule', () => {
  expect(judgeReply('rcpt', '550 5.7.606 no').rule).toBe('enhanced.5.7.606-649')
  expect(judgeReply('rcpt', '550 5.7.649 no').rule).toBe('enhanced.5.7.606-649')
})

test('4.7.1 waits 5 minutes, as greylisting servers want it', () => {
  expect(judgeReply('rcpt', '451 4.7.1 no').minDelayMs).toBe(300_000)
})

test.for<[line: string, suppress: boolean]>([
  ['550 5.1.1 no', true],
  ['550 5.1.6 no', true],
  ['550 5.1.10 no', true],
  ['550 5.7.17 no', true],
  ['550 5.7.18 no', true],
  ['550 5.7.19 no', false],
  ['552 5.2.2 full', false],
  ['550 5.7.1 no', false],
  ['450 4.1.1 no', false],
])('%s says of a recipient never to mail it again: %s', ([line, suppress]) => {
  expect(judgeReply('rcpt', line).suppress ?? false).toBe(suppress)
  expect(judgeReply('dot', line)).not.toHaveProperty('suppress')
})

test.for<[line: string]>([
  ['550 5.3.5 no'],
  ['550 5.7.8 no'],
  ['550 5.7.20 no'],
  ['550 5.7.60 no'],
  ['550 5.7.606 no'],
])('%s alerts a person', ([line]) => {
  expect(judgeReply('mail', line).alert).toBe(true)
})
