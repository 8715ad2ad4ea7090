import type { VerdictClass } from '../verdict-shape.ts'
import { BASIC_RULES, OTHER_CODES, type BasicRule } from './basic.ts'
import { ENHANCED_RULES, type EnhancedRule } from './enhanced.ts'
import { PROVIDER_RULES } from './providers.ts'
import { matches, type Outcome, type Question } from './rule.ts'
import { SECURITY_RULES } from './security.ts'

/** A rule that applies, by its stable id. */
export interface Found {
  readonly id: string
  readonly means: Outcome
}

/** The provider's or anybody's known text that this reply has. */
export function findProviderRule(question: Question): Found | undefined {
  const { provider } = question.context
  const rule = PROVIDER_RULES.find(
    (candidate) =>
      (candidate.of === 'any' || provider === undefined || provider === candidate.of) &&
      matches(candidate, question),
  )
  return rule && { id: `provider.${rule.of}.${rule.name}`, means: rule.means }
}

/** What the enhanced status code says, read in the class of the reply code. */
export function findEnhancedRule(question: Question): Found | undefined {
  const { code, status } = question.reply
  if (status === undefined) return undefined
  const digit = Math.floor(code / 100)
  const row = ENHANCED.get(status.slice(2))
  if (row === undefined) return undefined
  for (const { key, rule } of row) {
    const id = `enhanced.${digit}.${key}`
    const exception = rule.except?.find((candidate) => matches(candidate, question))
    if (exception) return { id: `${id}.${exception.name}`, means: exception.means }
    const cell = digit === 4 ? rule.soft : rule.hard
    if (cell !== undefined) return { id, means: outcomeOf(cell, rule) }
  }
  return undefined
}

/** What the reply code says when it speaks of the session, whatever enhanced code it has. */
export function findDecisiveRule(question: Question): Found | undefined {
  return BASIC.get(question.reply.code)?.isDecisive ? findBasicRule(question) : undefined
}

/** What the reply code says; there is an answer to every 4yz and 5yz. */
export function findBasicRule(question: Question): Found {
  const { code } = question.reply
  const digit = code < 500 ? 4 : 5
  const rule = BASIC.get(code)
  const id = rule ? `basic.${code}` : `basic.${digit}yz`
  const exception = rule?.except?.find((candidate) => matches(candidate, question))
  return exception
    ? { id: `${id}.${exception.name}`, means: exception.means }
    : { id: `${id}.${question.stage}`, means: (rule ?? OTHER_CODES[digit]).means }
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

/** `7.5-7` is 7.5, 7.6 and 7.7; `441-447` seven codes; anything else is itself. */
function spanOf(key: string): readonly string[] {
  const range = /^(\d+\.)?(\d+)-(\d+)$/.exec(key)
  if (!range) return [key]
  const [, subject = '', from, to] = range
  const first = Number(from)
  return Array.from({ length: Number(to) - first + 1 }, (_, step) => `${subject}${first + step}`)
}
