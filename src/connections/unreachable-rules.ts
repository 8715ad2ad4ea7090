import type * as z from 'zod'

import {
  EARLY_CLASSES,
  USER_STAGES,
  type UserCondition,
  type UserRule,
} from '../smtp/rules/user-rule.ts'
import { isTransactionStage, type Stage } from '../smtp/stage.ts'
import { isProperties } from './unknown-properties.ts'

/** Two rules of one name could not be told apart in what they decide. */
export function refuseDuplicates(rules: readonly unknown[], context: z.RefinementCtx): void {
  const names = rules.map((rule) => (isProperties(rule) ? rule['name'] : undefined))
  names.forEach((name, at) => {
    if (typeof name !== 'string' || names.indexOf(name) === at) return
    refuse(context, [at, 'name'], 'DUPLICATE_RULE', `${JSON.stringify(name)} is a rule already`)
  })
}

/** A rule that can never decide is a mistake, which would be noticed when it is too late. */
export function refuseUnreachable(
  rules: readonly UserRule[],
  context: z.RefinementCtx<readonly UserRule[]>,
): void {
  rules.forEach((rule, at) => {
    const problem = impossibleIn(rule)
    if (problem) refuse(context, [at, ...problem.path], 'UNREACHABLE_RULE', problem.message)
    const earlier = rules.slice(0, at).find((other) => covers(other, rule))
    if (!earlier) return
    const message = `it can never decide: ${JSON.stringify(earlier.name)} before it takes every such reply`
    refuse(context, [at], 'UNREACHABLE_RULE', message)
  })
}

interface Problem {
  readonly path: readonly string[]
  readonly message: string
}

function impossibleIn({ when, means }: UserRule): Problem | undefined {
  const { stages, codes, digits } = when
  const silent = stages?.find((stage) => !isOpen(stage))
  if (silent !== undefined) {
    const message = `no rule decides at "${silent}": ${WHY_NOT[silent] ?? 'nothing is answered there'}`
    return { path: ['when', 'stage'], message }
  }
  if (codes?.some((code) => code < 400) || digits?.some((digit) => digit < 4)) {
    const message = 'rules decide about 4yz and 5yz only: what was accepted stays accepted'
    return { path: ['when', 'code'], message }
  }
  if (means.class === 'split' && stages && !stages.includes('rcpt')) {
    return { path: ['means', 'class'], message: '"split" is for replies at rcpt only' }
  }
  const isEarlyOnly = stages?.every((stage) => !isTransactionStage(stage)) === true
  if (isEarlyOnly && !EARLY_CLASSES.includes(means.class)) {
    const message = `before mail only ${EARLY_CLASSES.join(', ')} apply: there is no message yet`
    return { path: ['means', 'class'], message }
  }
  return undefined
}

const WHY_NOT: Readonly<Partial<Record<Stage, string>>> = {
  after: 'the message is delivered, whatever is said then',
}

function isOpen(stage: Stage): boolean {
  return USER_STAGES.some((open) => open === stage)
}

/** Whether every reply that is `later`'s is decided by `earlier` before. */
function covers(earlier: UserRule, later: UserRule): boolean {
  // Whether something may be split depends on the transaction, which no rule names.
  if (earlier.means.class === 'split') return false
  const [wide, narrow] = [earlier.when, later.when]
  return (
    isWithin(wide.connections, narrow.connections) &&
    isWithin(wide.providers, narrow.providers) &&
    isWithin(stagesOf(earlier), stagesOf(later)) &&
    coversCodes(wide, narrow) &&
    coversStatuses(wide.statuses, narrow.statuses) &&
    (wide.text === undefined || wide.text.source === narrow.text?.source)
  )
}

/** The stages at which a rule can decide, with what its class forbids taken away. */
function stagesOf({ when, means }: UserRule): readonly Stage[] {
  return (when.stages ?? USER_STAGES)
    .filter((stage) => isTransactionStage(stage) || EARLY_CLASSES.includes(means.class))
    .filter((stage) => means.class !== 'split' || stage === 'rcpt')
}

function isWithin<Value>(wide: readonly Value[] | undefined, narrow: readonly Value[] | undefined) {
  return wide === undefined || narrow?.every((one) => wide.includes(one)) === true
}

function coversCodes(wide: UserCondition, narrow: UserCondition): boolean {
  if (!wide.codes && !wide.digits) return true
  if (!narrow.codes && !narrow.digits) return [4, 5].every((digit) => wide.digits?.includes(digit))
  const digits = wide.digits ?? []
  return (
    (narrow.digits ?? []).every((digit) => digits.includes(digit)) &&
    (narrow.codes ?? []).every(
      (code) => wide.codes?.includes(code) === true || digits.includes(Math.floor(code / 100)),
    )
  )
}

function coversStatuses(
  wide: readonly string[] | undefined,
  narrow: readonly string[] | undefined,
): boolean {
  if (wide === undefined) return true
  return (
    narrow?.every((one) =>
      wide.some((other) => {
        const parts = one.split('.')
        return other.split('.').every((part, at) => part === '*' || part === parts[at])
      }),
    ) === true
  )
}

function refuse(
  context: z.RefinementCtx<never> | z.RefinementCtx,
  path: readonly PropertyKey[],
  code: string,
  message: string,
): void {
  context.addIssue({ code: 'custom', path: [...path], message, params: { code } })
}
