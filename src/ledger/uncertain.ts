import type { MessageState } from './ledger.ts'

/** How uncertain recipients are settled: tried once more, or counted as delivered. */
export type UncertainWay = 'resend' | 'accept'

/** What becomes of recipients that turn out uncertain, unless somebody decides before. */
export interface UncertainPlan {
  readonly way: UncertainWay
  /** How long after that; a resend waits for the answer for as long as it could come, at least. */
  readonly afterMs: number
  /** How many times they are sent again by a plan before the doubt has ended; then they are held. */
  readonly atMost: number
}

/** A plan that waits for its time, by the store's clock. */
export interface PlannedSettlement {
  readonly way: UncertainWay
  readonly at: Date
}

/** What a plan did within a claim or a settlement. */
export interface PlanDone {
  readonly way: UncertainWay
  readonly recipients: number
}

/**
 * What is to be done with uncertain recipients: a person's `resend` or `accept`, `hold` to have no
 * plan any more until somebody decides or none is uncertain, or `planned` to do what their plan says,
 * if it is due.
 */
export type UncertainDecision = UncertainWay | 'hold' | 'planned'

/**
 * The answer to `settleUncertain`.
 *
 * - `settled`: `recipients` of them were, and `state` is what holds now.
 * - `held`: they have no plan any more, and wait for a person.
 * - `not-due`: there is no plan, or its time has not come; nothing was changed.
 * - `not-uncertain`: no recipient is; nothing was changed.
 */
export type UncertainSettled =
  | ({ readonly kind: 'settled'; readonly state: MessageState } & PlanDone)
  | { readonly kind: 'held' | 'not-due'; readonly state: MessageState }
  | { readonly kind: 'not-uncertain'; readonly state: MessageState }
  | { readonly kind: 'unknown' }

/** A message whose plan is due. */
export interface DueUncertain {
  readonly id: string
  readonly connection: string
  readonly way: UncertainWay
}

/** The rule by which a recipient counts as delivered although no answer came. */
export const ACCEPTED_UNCERTAIN = 'local.accepted-uncertain'

const LETTERS = { resend: 'r', accept: 'a' } as const satisfies Record<UncertainWay, string>

/** The letter of a way, as stores keep it. */
export function letterOfWay(way: UncertainWay): string {
  return LETTERS[way]
}

/** The way that a letter stands for. */
export function wayOf(letter: unknown): UncertainWay {
  return letter === LETTERS.accept ? 'accept' : 'resend'
}

/** A plan as it is kept beside a mark: `r:600000:3`. */
export function encodePlan({ way, afterMs, atMost }: UncertainPlan): string {
  return [LETTERS[way], Math.ceil(afterMs), atMost].join(':')
}

/** What a plan did, as two values of a store's answer; undefined when it did nothing. */
export function planDoneOf(letter: unknown, recipients: unknown): PlanDone | undefined {
  const count = Number(recipients)
  return count > 0 ? { way: wayOf(letter), recipients: count } : undefined
}
