import { expect, test } from 'vitest'

import { parseConfig } from '../../src/connections/config.ts'
import type { UserRule } from '../../src/smtp/rules/user-rule.ts'
import type { Stage } from '../../src/smtp/stage.ts'
import type { JudgeContext } from '../../src/smtp/verdict.ts'
import { inWords, judgeFault, judgeReply } from '../smtp/judged.ts'
import { problemsOf } from './problems-of.ts'

const CONNECTIONS = { relay: 'smtp://127.0.0.1', bulk: 'smtp://127.0.0.2' }

function rulesOf(...rules: readonly unknown[]): readonly UserRule[] {
  return parseConfig({ connections: CONNECTIONS, rules }).rules
}

const RULE = { name: 'mine', when: { code: 550 }, means: { class: 'retry' } }

type Case = readonly [
  name: string,
  when: object,
  means: object,
  stage: Stage,
  line: string,
  words: string,
  context?: JudgeContext,
]

test.for<Case>([
  ['a code', { code: 550 }, { class: 'retry' }, 'rcpt', '550 no', 'retry recipient retry fine'],
  ['all 5yz', { code: '5yz' }, { class: 'retry' }, 'dot', '554 no', 'retry message retry fine'],
  [
    'codes',
    { code: [550, '4yz'] },
    { class: 'policy' },
    'dot',
    '451 no',
    'policy message refuse fine',
  ],
  [
    'an enhanced code',
    { status: '5.7.*' },
    { class: 'throttle' },
    'dot',
    '550 5.7.26 no',
    'throttle account retry throttle',
  ],
  [
    'words in any case',
    { text: 'quota' },
    { class: 'throttle', scope: 'recipient' },
    'rcpt',
    '550 Mailbox QUOTA exceeded',
    'throttle recipient retry fine',
  ],
  [
    'a regular expression',
    { text: '/(?:over|above) quota$/i' },
    { class: 'permanent' },
    'rcpt',
    '450 you are ABOVE quota',
    'permanent recipient refuse fine',
  ],
  [
    'a stage',
    { stage: ['mail', 'rcpt'] },
    { class: 'auth' },
    'mail',
    '450 no',
    'auth account retry auth',
  ],
  [
    'a provider',
    { provider: 'exchange-online' },
    { class: 'connection' },
    'dot',
    '550 no',
    'connection manager retry suspect',
    { provider: 'exchange' },
  ],
  [
    'a connection manager',
    { connection: 'bulk' },
    { class: 'retry' },
    'dot',
    '550 no',
    'retry message retry fine',
    { connection: 'bulk' },
  ],
  [
    'what is split off',
    { code: 550 },
    { class: 'split' },
    'rcpt',
    '550 no more',
    'split recipient split fine',
    { acceptedBefore: true },
  ],
  [
    'a login',
    { stage: 'auth' },
    { class: 'throttle' },
    'auth',
    '535 no',
    'throttle account return throttle',
  ],
])('%s decides before everything that we know', ([, when, means, stage, line, words, context]) => {
  const rules = rulesOf({ name: 'mine', when, means })
  const verdict = judgeReply(stage, line, { ...context, rules })
  expect(verdict.rule).toBe('user.mine')
  expect(inWords(verdict)).toBe(words)
})

test.for<
  readonly [when: object, means: object, stage: Stage, line: string, context?: JudgeContext]
>([
  [{ code: 550 }, { class: 'retry' }, 'rcpt', '551 no'],
  [{ status: '5.7.*' }, { class: 'retry' }, 'rcpt', '550 no'],
  [{ status: '5.7.1' }, { class: 'retry' }, 'rcpt', '550 5.7.10 no'],
  [{ text: 'quota' }, { class: 'retry' }, 'rcpt', '550 full'],
  [{ stage: 'mail' }, { class: 'retry' }, 'rcpt', '550 no'],
  [{ provider: 'gmail' }, { class: 'retry' }, 'rcpt', '550 no'],
  [{ connection: 'bulk' }, { class: 'retry' }, 'rcpt', '550 no', { connection: 'relay' }],
  [{ code: 550 }, { class: 'split' }, 'rcpt', '550 no', { splitBefore: true }],
  [{ code: 550 }, { class: 'split' }, 'dot', '550 no', { acceptedBefore: true }],
  [{ code: '5yz' }, { class: 'permanent' }, 'auth', '535 no'],
])('%j, %j says nothing at %s of %s', ([when, means, stage, line, context]) => {
  const rules = rulesOf({ name: 'mine', when, means })
  expect(judgeReply(stage, line, { ...context, rules })).toEqual(judgeReply(stage, line, context))
})

test('a delay and an alert are part of what a rule means', () => {
  const means = { class: 'throttle', minDelay: '30m', alert: true }
  const rules = rulesOf({ ...RULE, means })
  expect(judgeReply('dot', '550 no', { rules })).toMatchObject({
    minDelayMs: 1_800_000,
    alert: true,
  })
})

test('no rule makes doubt a second sending, nor success a failure', () => {
  const classes = ['retry', 'permanent', 'policy', 'split', 'connection', 'auth', 'throttle']
  for (const kind of classes) {
    const rules = rulesOf({ name: 'any', when: { text: '/./' }, means: { class: kind } })
    const context = { rules, acceptedBefore: true }
    for (const [stage, line] of [
      ['dot', '250 2.0.0 taken'],
      ['rcpt', '250 ok'],
      ['after', '421 4.4.2 goodbye'],
      ['after', '550 5.7.1 too late'],
      ['dot', '354 go on'],
    ] as const) {
      expect(judgeReply(stage, line, context)).toEqual(judgeReply(stage, line))
    }
    for (const fault of ['timeout', 'closed', 'protocol', 'aborted'] as const) {
      expect(judgeFault('dot', fault, context).class).toBe('uncertain')
    }
  }
})

test.for<readonly [problem: string, rule: object, path: string, code: string]>([
  ['an unknown class', { means: { class: 'ignore' } }, 'rules.0.means.class', 'INVALID_VALUE'],
  ['success', { means: { class: 'ok' } }, 'rules.0.means.class', 'INVALID_VALUE'],
  ['doubt', { means: { class: 'uncertain' } }, 'rules.0.means.class', 'INVALID_VALUE'],
  ['an unknown stage', { when: { stage: 'helo' } }, 'rules.0.when.stage', 'INVALID_VALUE'],
  [
    'an unknown scope',
    { means: { class: 'retry', scope: 'all' } },
    'rules.0.means.scope',
    'INVALID_VALUE',
  ],
  ['an unknown provider', { when: { provider: 'x' } }, 'rules.0.when.provider', 'INVALID_VALUE'],
  [
    'an unknown connection',
    { when: { connection: 'rely' } },
    'rules.0.when.connection',
    'UNKNOWN_CONNECTION',
  ],
  ['a misspelt property', { when: { codes: 550 } }, 'rules.0.when.codes', 'UNKNOWN_PROPERTY'],
  ['no regular expression', { when: { text: '/(/' } }, 'rules.0.when.text', 'INVALID_PATTERN'],
  ['a look-ahead', { when: { text: '/a(?=b)/' } }, 'rules.0.when.text', 'INVALID_PATTERN'],
  [
    'an enormous pattern',
    { when: { text: '/(a{90}){90}/' } },
    'rules.0.when.text',
    'INVALID_PATTERN',
  ],
  ['no code', { when: { code: 99 } }, 'rules.0.when.code', 'INVALID_VALUE'],
  ['no enhanced code', { when: { status: '5.7' } }, 'rules.0.when.status', 'INVALID_VALUE'],
  ['no condition', { when: {} }, 'rules.0.when', 'INVALID_VALUE'],
  ['no name', { name: 'Not This' }, 'rules.0.name', 'INVALID_VALUE'],
  [
    'a delay of weeks',
    { means: { class: 'retry', minDelay: '8d' } },
    'rules.0.means.minDelay',
    'INVALID_VALUE',
  ],
  [
    'a stage without replies',
    { when: { stage: 'connect' } },
    'rules.0.when.stage',
    'UNREACHABLE_RULE',
  ],
  ['the end of a delivery', { when: { stage: 'after' } }, 'rules.0.when.stage', 'UNREACHABLE_RULE'],
  ['a positive code', { when: { code: 250 } }, 'rules.0.when.code', 'UNREACHABLE_RULE'],
  ['positive codes', { when: { code: '2yz' } }, 'rules.0.when.code', 'UNREACHABLE_RULE'],
  [
    'a split elsewhere than at RCPT',
    { when: { stage: 'dot' }, means: { class: 'split' } },
    'rules.0.means.class',
    'UNREACHABLE_RULE',
  ],
  [
    'a refusal before there is a message',
    { when: { stage: ['greeting', 'auth'] }, means: { class: 'permanent' } },
    'rules.0.means.class',
    'UNREACHABLE_RULE',
  ],
])('%s is refused', ([, rule, path, code]) => {
  const problems = problemsOf(() => rulesOf({ ...RULE, ...rule }))
  expect(problems).toContainEqual(
    expect.objectContaining({ path: path.split('.').map(keyOf), code }),
  )
})

test('a rule that others before it leave nothing to is refused, and so is a name given twice', () => {
  const wide = {
    name: 'wide',
    when: { code: '5yz', stage: ['rcpt', 'dot'] },
    means: { class: 'retry' },
  }
  const narrow = {
    name: 'narrow',
    when: { code: 550, stage: 'dot', text: 'x' },
    means: { class: 'auth' },
  }
  expect(codesOf(problemsOf(() => rulesOf(wide, narrow)))).toEqual(['UNREACHABLE_RULE'])
  expect(rulesOf(narrow, wide)).toHaveLength(2)
  expect(rulesOf(wide, { ...narrow, when: { code: 550 } })).toHaveLength(2)
  expect(codesOf(problemsOf(() => rulesOf(narrow, { ...wide, name: 'narrow' })))).toEqual([
    'DUPLICATE_RULE',
  ])
  const login = { name: 'login', when: { code: '5yz' }, means: { class: 'auth' } }
  // At the login a refusal does not apply, and so it takes nothing away there.
  expect(rulesOf({ ...wide, when: { code: '5yz' } }, login)).toHaveLength(2)
})

test('rules may be otherwise in an environment', () => {
  const config = {
    connections: CONNECTIONS,
    rules: [RULE],
    environments: { staging: { rules: [{ ...RULE, name: 'other' }] } },
  }
  expect(parseConfig(config, { environment: 'staging' }).rules.map(({ name }) => name)).toEqual([
    'other',
  ])
})

function keyOf(part: string): PropertyKey {
  return /^\d+$/.test(part) ? Number(part) : part
}

function codesOf(problems: ReturnType<typeof problemsOf>): readonly string[] {
  return problems.map(({ code }) => code)
}
