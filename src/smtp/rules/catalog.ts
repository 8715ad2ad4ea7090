import { LACKS, type Lack } from '../fault.ts'
import { STAGES } from '../stage.ts'
import { BASIC_RULES, OTHER_CODES, type BasicRule } from './basic.ts'
import { describeCondition, describeUserCondition } from './conditions.ts'
import { ENHANCED_RULES, type EnhancedRule } from './enhanced.ts'
import { PROVIDER_RULES } from './providers.ts'
import type { Condition, Outcome } from './rule.ts'
import { SECURITY_RULES } from './security.ts'
import { sourceOf } from './sources.ts'
import { FAULT_RULES, STAGE_RULES } from './stages.ts'
import { outcomeOfRule, type UserRule } from './user-rule.ts'

/** One rule as people read it. */
export interface CatalogRule extends Outcome {
  /** As verdicts have it; `STAGE` and a range such as `7.5-7` stand for each of them. */
  readonly id: string
  /** What has to hold. */
  readonly when: string
  /** Where it is written. */
  readonly source: string
}

/** Every rule, in the order in which they are looked at. */
export function listRules(rules: readonly UserRule[] = []): readonly CatalogRule[] {
  return [
    ...rules.map((rule) => ({
      id: `user.${rule.name}`,
      when: describeUserCondition(rule.when),
      ...outcomeOfRule(rule),
    })),
    ...PROVIDER_RULES.map((rule) => ({
      id: `provider.${rule.of}.${rule.name}`,
      when: describeCondition(rule, rule.of === 'any' ? [] : [`server of ${rule.of}, or unknown`]),
      ...rule.means,
    })),
    ...stageRules(),
    ...Object.entries({ ...ENHANCED_RULES, ...SECURITY_RULES }).flatMap(enhancedRules),
    ...basicRules(),
  ].map((rule) => ({ ...rule, source: sourceOf(rule.id) }))
}

const NEEDS: Readonly<Record<Lack, string>> = {
  size: 'the server takes only smaller messages (SIZE)',
  smtputf8: 'letters beyond ASCII in an address or a header, and no SMTPUTF8',
  '8bitmime': '8-bit text in a message that is sent as it is, and no 8BITMIME',
  dsn: '`dsn.required`, and no DSN',
  requiretls: '`requireTls`, and no REQUIRETLS or no verified TLS',
  mailbox: 'an address that is no mailbox',
}

type Unsourced = Omit<CatalogRule, 'source'>

function stageRules(): readonly Unsourced[] {
  const silences = Object.entries(FAULT_RULES).flatMap(([kind, means]) => {
    const id = `stage.STAGE.${kind}`
    if (kind !== 'unsupported') {
      return [{ id, when: `the session ended: ${kind}, before the final dot`, ...means }]
    }
    return LACKS.map((lacks) => ({
      id: `stage.mail.${kind}.${lacks}`,
      when: NEEDS[lacks],
      ...means,
    }))
  })
  const stages = STAGES.flatMap((stage) => {
    const { silent, soft, hard } = STAGE_RULES[stage]
    const replies = Object.entries({ '4yz': soft, '5yz': hard })
    return [
      { id: `stage.${stage}.FAULT`, when: `no reply at ${stage}`, ...silent },
      ...replies.flatMap(([digit, means]) =>
        means ? [{ id: `stage.${stage}.${digit}`, when: `${digit} at ${stage}`, ...means }] : [],
      ),
    ]
  })
  return [...silences, ...stages]
}

function enhancedRules([key, rule]: readonly [string, EnhancedRule]): readonly Unsourced[] {
  const scope = rule.scope === undefined ? {} : { scope: rule.scope }
  return ([4, 5] as const).flatMap((digit) => {
    const status = `X.${key} with ${digit}yz`
    const cell = digit === 4 ? rule.soft : rule.hard
    const means = typeof cell === 'string' ? { class: cell } : cell
    const id = `enhanced.${digit}.${key}`
    const exceptions = (rule.except ?? [])
      .filter((exception) => isPossible(exception, digit))
      .map((exception) => ({
        id: `${id}.${exception.name}`,
        when: describeCondition(withoutDigit(exception), [status]),
        ...exception.means,
      }))
    return [...exceptions, ...(means ? [{ id, when: status, ...scope, ...means }] : [])]
  })
}

/** The digit is said already. */
function withoutDigit({ digit: _digit, ...condition }: Condition): Condition {
  return condition
}

function isPossible({ digit, codes }: Condition, of: 4 | 5): boolean {
  if (digit !== undefined && digit !== of) return false
  return codes === undefined || codes.some((code) => Math.floor(code / 100) === of)
}

/** Keys such as `441-447` come last in an object; people look for them in their order. */
function byCode(rules: typeof BASIC_RULES): readonly (readonly [string, BasicRule])[] {
  return Object.entries(rules).toSorted(([a], [b]) => Number.parseInt(a) - Number.parseInt(b))
}

function basicRules(): readonly Unsourced[] {
  const named = byCode(BASIC_RULES).flatMap(([key, { means, except = [], isDecisive }]) => {
    const when = isDecisive ? `${key}, whatever the enhanced code` : key
    return [
      ...except.map((exception) => ({
        id: `basic.${key}.${exception.name}`,
        when: describeCondition(exception, [when]),
        ...exception.means,
      })),
      { id: `basic.${key}.STAGE`, when, ...means },
    ]
  })
  const others = Object.entries(OTHER_CODES).map(([digit, { means }]) => ({
    id: `basic.${digit}yz.STAGE`,
    when: `any other ${digit}yz`,
    ...means,
  }))
  return [...named, ...others]
}
