import type { Provider } from '../provider.ts'
import type { Reply } from '../reply.ts'
import type { Stage } from '../stage.ts'
import type { JudgeContext, Scope, Verdict, VerdictClass } from '../verdict-shape.ts'

/** What a rule says of a reply; whatever is absent follows from the class, the stage and the code. */
export interface Outcome {
  readonly class: VerdictClass
  /** By the stage when absent: the sender at MAIL, the recipient at RCPT, then the message. */
  readonly scope?: Scope
  readonly message?: Verdict['message']
  readonly manager?: Verdict['manager']
  readonly minDelayMs?: number
  readonly alert?: true
  readonly suppress?: true
}

/** When a rule applies: all that is present has to hold. */
export interface Condition {
  readonly codes?: readonly number[]
  /** The first digit of the reply code. */
  readonly digit?: 4 | 5
  readonly stages?: readonly Stage[]
  /** Tested against the enhanced status code, or against the empty text when there is none. */
  readonly status?: RegExp
  readonly text?: RegExp
  readonly provider?: Provider
  /** Earlier recipients of this transaction were accepted, so that others can follow in another. */
  readonly acceptedBefore?: true
  /** Another transaction with fewer recipients may help: it has not been tried, or some were accepted. */
  readonly mayDivide?: true
  readonly mayDropParameters?: true
}

/** A named case of a rule, looked at before the rule itself; its name ends the rule's id. */
export interface Exception extends Condition {
  readonly name: string
  readonly means: Outcome
}

/** RFC 5321 §4.1.1.11: parameters were not recognised, or not to be had; once more without. */
export const WITHOUT_PARAMETERS: Exception = {
  name: 'drop',
  codes: [455, 504, 555],
  stages: ['mail', 'rcpt'],
  mayDropParameters: true,
  means: { class: 'retry', scope: 'message' },
}

/** A reply to judge, with the circumstances that rules ask for. */
export interface Question {
  readonly stage: Stage
  readonly reply: Reply
  readonly context: JudgeContext
}

/** What is known of the sessions before a transaction, and of its first commands. */
export const TRANSACTION: readonly Stage[] = ['mail', 'rcpt', 'data', 'body', 'dot']

/** What of a condition does not hold. */
export type Unmet = keyof Condition

/** The first thing that `condition` names and that does not hold, texts last. */
export function firstUnmet(
  condition: Condition,
  { stage, reply, context }: Question,
): Unmet | undefined {
  const { codes, digit, stages, status, text, provider } = condition
  if (codes !== undefined && !codes.includes(reply.code)) return 'codes'
  if (digit !== undefined && Math.floor(reply.code / 100) !== digit) return 'digit'
  if (status !== undefined && !status.test(reply.status ?? '')) return 'status'
  if (stages !== undefined && !stages.includes(stage)) return 'stages'
  if (provider !== undefined && context.provider !== provider) return 'provider'
  if (condition.acceptedBefore && context.acceptedBefore !== true) return 'acceptedBefore'
  if (condition.mayDivide && !mayDivide(context)) return 'mayDivide'
  if (condition.mayDropParameters && context.mayDropParameters !== true) return 'mayDropParameters'
  return text === undefined || text.test(reply.text) ? undefined : 'text'
}

/** Without news of the transaction nothing is divided: it might go on for ever. */
export function mayDivide({ acceptedBefore, splitBefore }: JudgeContext): boolean {
  return acceptedBefore === true || splitBefore === false
}
