import type { VerdictClass } from '../verdict-shape.ts'
import { BASIC_RULES, OTHER_CODES, type BasicRule } from './basic.ts'
import { ENHANCED_RULES, type EnhancedRule } from './enhanced.ts'
import { PROVIDER_RULES } from './providers.ts'
import { firstUnmet, type Condition, type Outcome, type Question, type Unmet } from './rule.ts'
import { SECURITY_RULES } from './security.ts'
import { spanOf } from './span.ts'
import { STAGE_RULES } from './stages.ts'
import { firstUnmetOf, outcomeOfRule, type UserRule, type UserUnmet } from './user-rule.ts'

/** A rule that applies, by its stable id. */
export interface Found {
  readonly kind: 'found'
  readonly id: string
  readonly means: Outcome
  /** It is an operator's, who has weighed the reply's code already. */
  readonly isUsers?: true
}

/** A rule that was looked at and does not apply, and why. */
export type PassedOver = { readonly kind: 'passed'; readonly id: string } & (
  | { readonly unmet: Unmet; readonly condition: Condition }
  | { readonly unmet: UserUnmet; readonly rule: UserRule }
  | {
      readonly unmet: 'other-provider' | 'no-status' | 'unknown-status' | 'says-nothing' | 'closes'
    }
)

/**
 * Looks at the rules for a negative reply in their order, until one applies; it is the last.
 *
 * The operator's rules, a provider's known texts, the stage, reply codes about the session, the
 * enhanced status code, the reply code: there is an answer to every 4yz and 5yz.
 */
export function* lookThrough(question: Question): Generator<Found | PassedOver, void, undefined> {
  const { stage } = question
  if (stage === 'after') yield* stageLooks(question)
  yield* userLooks(question)
  yield* providerLooks(question)
  yield* stageLooks(question)
  const basic = BASIC.get(question.reply.code)
  if (basic?.isDecisive) yield* basicLooks(question, basic)
  yield* enhancedLooks(question)
  yield* basicLooks(question, basic)
}

/** The first rule that applies. */
export function findRule(question: Question): Found {
  for (const look of lookThrough(question)) if (look.kind === 'found') return look
  throw new TypeError(`no rule for ${question.reply.code} at ${question.stage}`)
}

type Looks = Generator<Found | PassedOver, void, undefined>

function* userLooks(question: Question): Looks {
  for (const rule of question.context.rules ?? []) {
    const id = `user.${rule.name}`
    const unmet = firstUnmetOf(rule, question)
    if (unmet === undefined) yield { kind: 'found', id, means: outcomeOfRule(rule), isUsers: true }
    else yield { kind: 'passed', id, unmet, rule }
  }
}

function* providerLooks(question: Question): Looks {
  const { provider } = question.context
  for (const rule of PROVIDER_RULES) {
    const id = `provider.${rule.of}.${rule.name}`
    const isOthers = rule.of !== 'any' && provider !== undefined && provider !== rule.of
    if (isOthers) yield { kind: 'passed', id, unmet: 'other-provider' }
    else yield lookAt(id, rule, question, rule.means)
  }
}

/** The stages that decide by themselves. */
function* stageLooks({ stage, reply }: Question): Looks {
  const digit = reply.code < 500 ? 4 : 5
  const means = digit === 4 ? STAGE_RULES[stage].soft : STAGE_RULES[stage].hard
  if (means) yield { kind: 'found', id: `stage.${stage}.${digit}yz`, means }
}

/** What the enhanced status code says, read in the class of the reply code. */
function* enhancedLooks(question: Question): Looks {
  const { code, status } = question.reply
  const digit = Math.floor(code / 100)
  if (status === undefined) {
    yield { kind: 'passed', id: 'enhanced', unmet: 'no-status' }
    return
  }
  const rows = ENHANCED.get(status.slice(2))
  if (rows === undefined) yield { kind: 'passed', id: 'enhanced', unmet: 'unknown-status' }
  for (const { key, rule } of rows ?? []) {
    const id = `enhanced.${digit}.${key}`
    for (const exception of rule.except ?? []) {
      const look = lookAt(`${id}.${exception.name}`, exception, question, exception.means)
      yield mayClose(question, look)
    }
    const cell = digit === 4 ? rule.soft : rule.hard
    if (cell === undefined) yield { kind: 'passed', id, unmet: 'says-nothing' }
    else yield mayClose(question, { kind: 'found', id, means: outcomeOf(cell, rule) })
  }
}

/** 421 closes the connection: an enhanced code that speaks of the message only does not hide that. */
function mayClose({ reply }: Question, look: Found | PassedOver): Found | PassedOver {
  if (reply.code !== 421 || look.kind === 'passed') return look
  const speaksOfSession = ['connection', 'throttle', 'auth'].includes(look.means.class)
  return speaksOfSession ? look : { kind: 'passed', id: look.id, unmet: 'closes' }
}

/** What the reply code says. */
function* basicLooks(question: Question, rule: BasicRule | undefined): Looks {
  const { code } = question.reply
  const digit = code < 500 ? 4 : 5
  const id = rule ? `basic.${code}` : `basic.${digit}yz`
  for (const exception of rule?.except ?? []) {
    yield lookAt(`${id}.${exception.name}`, exception, question, exception.means)
  }
  const { means } = rule ?? OTHER_CODES[digit]
  yield { kind: 'found', id: `${id}.${question.stage}`, means }
}

function lookAt(
  id: string,
  condition: Condition,
  question: Question,
  means: Outcome,
): Found | PassedOver {
  const unmet = firstUnmet(condition, question)
  if (unmet === undefined) return { kind: 'found', id, means }
  return { kind: 'passed', id, unmet, condition }
}

function outcomeOf(cell: VerdictClass | Outcome, { scope }: EnhancedRule): Outcome {
  const outcome = typeof cell === 'string' ? { class: cell } : cell
  return scope === undefined ? outcome : { scope, ...outcome }
}

interface Row {
  readonly key: string
  readonly rule: EnhancedRule
}

/** By `SUBJECT.DETAIL`: the rows that name it or span it, in the order of the tables. */
const ENHANCED: ReadonlyMap<string, readonly Row[]> = Map.groupBy(
  Object.entries({ ...ENHANCED_RULES, ...SECURITY_RULES }).flatMap(([key, rule]) =>
    spanOf(key).map((status) => ({ status, key, rule })),
  ),
  ({ status }) => status,
)

const BASIC: ReadonlyMap<number, BasicRule> = new Map(
  Object.entries(BASIC_RULES).flatMap(([key, rule]) =>
    spanOf(key).map((code): [number, BasicRule] => [Number(code), rule]),
  ),
)
