import type { HeldSpan } from './held-spans.ts'
import type { FinalState } from './ledger.ts'
import type { PlanDone } from './uncertain.ts'

/**
 * The answer to `claim`.
 *
 * - `claimed`: try the `pending` recipients (indices into the job's envelope) under this `fence`.
 * - `settled`: nothing is left to try; `state` says how it ended.
 * - `early`: it was rescheduled; ask again in `dueInMs`.
 * - `in-doubt`: another worker sent the final dot and has not settled; ask again in `retryInMs`.
 *   When that time is over, `claim` itself turns the marked recipients to `uncertain`.
 * - `elsewhere`: it may have been handed over already by `manager`: only through that is it tried.
 * - `conflict`: the record is that of another request under the same id; nothing has changed.
 */
export type Claim =
  | {
      readonly kind: 'claimed'
      /** Greater than every earlier fence of this message, also after the store lost its last second. */
      readonly fence: number
      readonly pending: readonly number[]
      readonly attempts: number
      /** This claim included. */
      readonly claims: number
      /** Attempts in a row that were settled as a break. */
      readonly breaks: number
      /** Milliseconds of the store's clock since the message was recorded, or due as rescheduled. */
      readonly ageMs: number
      /** When it was held as uncertain before it was to be sent again; it did not age then. */
      readonly held?: readonly HeldSpan[]
      /** The time to which it was rescheduled, in milliseconds since 1970. */
      readonly notBefore?: number
      /** How many recipients this claim made `uncertain`, because a mark's time was over. */
      readonly turned: number
      /** What the plan for uncertain recipients did, because it was due. */
      readonly done?: PlanDone
    }
  | {
      readonly kind: 'settled'
      readonly state: FinalState
      readonly turned: number
      readonly done?: PlanDone
      /** When `uncertain`: how long until its plan is due; absent when it is held. */
      readonly dueInMs?: number
    }
  | { readonly kind: 'early'; readonly dueInMs: number }
  | {
      readonly kind: 'elsewhere'
      readonly manager: string
      readonly turned: number
      readonly done?: PlanDone
    }
  | { readonly kind: 'in-doubt'; readonly retryInMs: number }
  | { readonly kind: 'conflict' }
