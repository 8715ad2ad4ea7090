import type { ServedBy } from '../provider.ts'
import { isTransactionStage, type Stage } from '../stage.ts'
import type { Scope } from '../verdict-shape.ts'
import { mayDivide, type Outcome, type Question } from './rule.ts'

/** What an operator may make of a reply: never success, and never doubt. */
export const USER_CLASSES = [
  'retry',
  'permanent',
  'policy',
  'split',
  'connection',
  'auth',
  'throttle',
] as const

export type UserClass = (typeof USER_CLASSES)[number]

/** Before MAIL there is no message yet to be retried, refused or split. */
export const EARLY_CLASSES: readonly UserClass[] = ['connection', 'auth', 'throttle']

/** The stages at which a rule of an operator may decide: a server answers there, and may say no. */
export const USER_STAGES = [
  'greeting',
  'ehlo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'body',
  'dot',
] as const satisfies readonly Stage[]

/** A test of a reply's text that takes a time in proportion to it. */
export interface TextTest {
  /** As it was written. */
  readonly source: string
  readonly test: (text: string) => boolean
}

/** When a rule applies: all that is present has to hold, and of a list one. */
export interface UserCondition {
  readonly stages?: readonly Stage[]
  readonly codes?: readonly number[]
  /** The first digits of reply codes. */
  readonly digits?: readonly number[]
  /** `5.7.1`, or with stars for any number: `5.7.*`, `*.1.1`. */
  readonly statuses?: readonly string[]
  readonly text?: TextTest
  readonly providers?: readonly ServedBy[]
  readonly connections?: readonly string[]
}

/**
 * A rule of an operator.
 *
 * It decides about negative replies only: silence after the final dot stays uncertain and what was
 * accepted stays accepted, whatever the rule says.
 */
export interface UserRule {
  readonly name: string
  readonly when: UserCondition
  readonly means: Outcome & { readonly class: UserClass }
}

/** What of a rule does not hold. */
export type UserUnmet = keyof UserCondition | 'class' | 'divide'

/** The first thing that keeps `rule` from deciding; undefined when it decides. */
export function firstUnmetOf(
  { when, means }: UserRule,
  { stage, reply, context }: Question,
): UserUnmet | undefined {
  const { stages, codes, digits, statuses, text, providers, connections } = when
  if (connections && !includes(connections, context.connection)) return 'connections'
  if (providers && !includes(providers, context.provider)) return 'providers'
  if ((codes ?? digits) && !isCode(reply.code, when)) return codes ? 'codes' : 'digits'
  if (statuses && !statuses.some((one) => isLike(reply.status, one))) return 'statuses'
  if (stages && !stages.includes(stage)) return 'stages'
  if (!isTransactionStage(stage) && !EARLY_CLASSES.includes(means.class)) return 'class'
  if (means.class === 'split' && !(stage === 'rcpt' && mayDivide(context))) return 'divide'
  return text && !text.test(reply.text) ? 'text' : undefined
}

/** What `rule` says, with whom its class is about when it does not say. */
export function outcomeOfRule({ means }: UserRule): Outcome {
  const scope = means.scope ?? USUAL_SCOPES[means.class]
  return scope === undefined ? means : { ...means, scope }
}

/** By the stage where it is absent. */
const USUAL_SCOPES: Readonly<Partial<Record<UserClass, Scope>>> = {
  connection: 'manager',
  auth: 'account',
  throttle: 'account',
  split: 'recipient',
}

function isCode(code: number, { codes = [], digits = [] }: UserCondition): boolean {
  return codes.includes(code) || digits.includes(Math.floor(code / 100))
}

function includes(known: readonly string[], value: string | undefined): boolean {
  return value !== undefined && known.includes(value)
}

function isLike(status: string | undefined, wanted: string): boolean {
  if (status === undefined) return false
  const parts = status.split('.')
  return wanted.split('.').every((part, at) => part === '*' || part === parts[at])
}
