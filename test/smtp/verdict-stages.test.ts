import { expect, test } from 'vitest'

import { LACKS, type FaultKind } from '../../src/smtp/fault.ts'
import { judgeAgain } from '../../src/smtp/judge-again.ts'
import { STAGES, type Stage } from '../../src/smtp/stage.ts'
import { judge } from '../../src/smtp/verdict.ts'
import { inWords, judgeFault, judgeLack, judgeReply } from './judged.ts'

const FAULTS: readonly FaultKind[] = ['timeout', 'closed', 'dns', 'refused', 'protocol']
const MANAGER_FAULT = 'connection manager return fault'
const SUSPICIOUS = 'connection manager retry suspect'

test.for<[stage: Stage, silent: string, soft: string, hard: string]>([
  ['connect', MANAGER_FAULT, MANAGER_FAULT, MANAGER_FAULT],
  ['tls', MANAGER_FAULT, MANAGER_FAULT, MANAGER_FAULT],
  ['greeting', MANAGER_FAULT, MANAGER_FAULT, MANAGER_FAULT],
  ['ehlo', MANAGER_FAULT, MANAGER_FAULT, MANAGER_FAULT],
  ['starttls', MANAGER_FAULT, MANAGER_FAULT, MANAGER_FAULT],
  ['auth', MANAGER_FAULT, 'auth account return fault', 'auth account return auth'],
  ['mail', SUSPICIOUS, 'retry sender retry fine', 'permanent sender refuse fine'],
  ['rcpt', SUSPICIOUS, 'retry recipient retry fine', 'permanent recipient refuse fine'],
  ['data', SUSPICIOUS, 'retry message retry fine', 'permanent message refuse fine'],
  [
    'body',
    'connection message retry suspect',
    'retry message retry fine',
    'permanent message refuse fine',
  ],
  [
    'dot',
    'uncertain message uncertain suspect',
    'retry message retry fine',
    'permanent message refuse fine',
  ],
  ['after', 'ok message accepted fine', 'ok message accepted fine', 'ok message accepted fine'],
])('%s: without reply %s, at 4yz %s, at 5yz %s', ([stage, silent, soft, hard]) => {
  expect(FAULTS.map((kind) => inWords(judgeFault(stage, kind)))).toEqual(FAULTS.map(() => silent))
  expect(inWords(judgeReply(stage, '499 not now'))).toBe(soft)
  expect(inWords(judgeReply(stage, '599 never'))).toBe(hard)
})

test.for<[stage: Stage, line: string, words: string, rule: string]>([
  ['greeting', '421 4.3.2 come back later', MANAGER_FAULT, 'stage.greeting.4yz'],
  ['greeting', '521 5.3.2 no mail here', MANAGER_FAULT, 'stage.greeting.5yz'],
  ['greeting', '554 5.7.1 no', MANAGER_FAULT, 'stage.greeting.5yz'],
  ['ehlo', '501 5.5.4 bad name', MANAGER_FAULT, 'stage.ehlo.5yz'],
  ['ehlo', '503 5.5.1 no', MANAGER_FAULT, 'stage.ehlo.5yz'],
  ['starttls', '454 4.7.0 no TLS now', MANAGER_FAULT, 'stage.starttls.4yz'],
  ['starttls', '502 5.5.1 no TLS', MANAGER_FAULT, 'stage.starttls.5yz'],
  ['auth', '454 4.7.0 no', 'auth account return fault', 'stage.auth.4yz'],
  ['auth', '432 4.7.12 no', 'auth account return fault', 'stage.auth.4yz'],
  ['auth', '422 4.7.12 no', 'auth account return fault', 'stage.auth.4yz'],
  ['auth', '421 4.3.0 no', 'auth account return fault', 'stage.auth.4yz'],
  ['auth', '535 5.7.8 no', 'auth account return auth', 'stage.auth.5yz'],
  ['auth', '535 5.7.3 no', 'auth account return auth', 'stage.auth.5yz'],
  ['auth', '504 5.7.4 no', 'auth account return auth', 'stage.auth.5yz'],
  ['auth', '534 5.7.9 no', 'auth account return auth', 'stage.auth.5yz'],
  ['auth', '501 5.5.2 no', 'auth account return auth', 'stage.auth.5yz'],
  ['auth', '550 5.7.30 no', 'auth account return auth', 'stage.auth.5yz'],
  ['after', '421 4.4.2 goodbye', 'ok message accepted fine', 'stage.after.4yz'],
  ['after', '451 4.7.1 greylisted, try again', 'ok message accepted fine', 'stage.after.4yz'],
  ['after', '550 5.7.1 too late', 'ok message accepted fine', 'stage.after.5yz'],
])('%s: %s is %s by %s', ([stage, line, words, rule]) => {
  const verdict = judgeReply(stage, line)
  expect(inWords(verdict)).toBe(words)
  expect(verdict.rule).toBe(rule)
})

test.for<[kind: FaultKind, stage: Stage, words: string]>([
  ['tls', 'tls', MANAGER_FAULT],
  ['tls', 'starttls', MANAGER_FAULT],
  ['auth', 'auth', 'auth account return auth'],
])('a fault of the kind %s at %s needs a person: %s', ([kind, stage, words]) => {
  const verdict = judgeFault(stage, kind)
  expect(inWords(verdict)).toBe(words)
  expect(verdict).toMatchObject({ alert: true, rule: `stage.${stage}.${kind}` })
})

test('only what a person has to cure alerts somebody', () => {
  expect(judgeFault('auth', 'timeout')).not.toHaveProperty('alert')
  expect(judgeReply('auth', '454 4.7.0 no')).not.toHaveProperty('alert')
  expect(judgeReply('auth', '535 5.7.8 no')).toHaveProperty('alert', true)
})

test.for<Stage>(['mail', 'rcpt', 'data', 'body'])(
  'a message that lacks an extension at %s is refused, and the manager fine',
  (stage) => {
    expect(inWords(judgeFault(stage, 'unsupported'))).toMatch(/^permanent \w+ refuse fine$/)
  },
)

test.for(LACKS)('a message that lacks %s is refused for good, by a rule that names it', (lacks) => {
  const verdict = judgeLack(lacks)
  expect(inWords(verdict)).toBe('permanent message refuse fine')
  expect(verdict.rule).toBe(`stage.mail.unsupported.${lacks}`)
  const { rule } = verdict
  expect(judgeAgain({ stage: 'mail', rule, text: 'unsupported: as a test has it' }, {})).toEqual(
    verdict,
  )
})

test('what we ended ourselves costs nothing before the dot, and is uncertain after it', () => {
  for (const stage of STAGES.slice(0, STAGES.indexOf('dot'))) {
    expect(inWords(judgeFault(stage, 'aborted'))).toMatch(/ return fine$/)
  }
  expect(inWords(judgeFault('dot', 'aborted'))).toBe('uncertain message uncertain fine')
  expect(inWords(judgeFault('after', 'aborted'))).toBe('ok message accepted fine')
})

test('an uncertain message is not sent again within 10 minutes', () => {
  expect(judgeFault('dot', 'timeout').minDelayMs).toBe(600_000)
})

test.for<[stage: Stage, line: string, words: string]>([
  ['mail', '354 go on', SUSPICIOUS],
  ['rcpt', '334 eGVz', SUSPICIOUS],
  ['data', '250 ok', SUSPICIOUS],
  ['ehlo', '354 go on', MANAGER_FAULT],
  ['dot', '354 go on', 'uncertain message uncertain suspect'],
])('%s: %s is no answer to it: %s', ([stage, line, words]) => {
  const verdict = judgeReply(stage, line)
  expect(inWords(verdict)).toBe(words)
  expect(verdict.rule).toBe(`stage.${stage}.protocol`)
})

test.for([100, 199, 600, 999, 0])('a reply with the code %i is a protocol fault', (code) => {
  const reply = { code, text: '' }
  expect(inWords(judge({ kind: 'reply', stage: 'greeting', reply }))).toBe(MANAGER_FAULT)
  expect(inWords(judge({ kind: 'reply', stage: 'rcpt', reply }))).toBe(SUSPICIOUS)
  expect(judge({ kind: 'reply', stage: 'dot', reply }).class).toBe('uncertain')
})
