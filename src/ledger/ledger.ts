import type { Advice } from '../smtp/verdict-shape.ts'
import type { ClaimRequest } from './claim-request.ts'
import type { Claim } from './claim.ts'
import type { HeldSpan } from './held-spans.ts'
import type { Reopened, ReopenOptions } from './reopened.ts'
import type { Rescheduled } from './rescheduled.ts'
import type { AttemptNote, Timeline } from './timeline.ts'
import type {
  PlannedSettlement,
  UncertainDecision,
  UncertainPlan,
  UncertainSettled,
} from './uncertain.ts'
import type { JobCopy, Upkeep } from './upkeep.ts'

/** Where a message stands. The last six are final: no worker sends it any more. */
export type MessageState =
  | 'queued'
  | 'active'
  | 'deferred'
  | 'delivered'
  | 'refused'
  | 'uncertain'
  | 'expired'
  | 'cancelled'
  | 'superseded'

/** The states from which no worker sends the message any more. */
export type FinalState = Exclude<MessageState, 'queued' | 'active' | 'deferred'>

/** The final states that wait for a person: these messages are listed, and kept with their jobs. */
export type HeldState = Extract<FinalState, 'uncertain' | 'refused' | 'expired'>

/** How one recipient stands; `pending` ones are what the next attempt tries. */
export type RecipientState =
  'pending' | 'delivered' | 'refused' | 'uncertain' | 'expired' | 'cancelled' | 'superseded'

/** What the server last said, and the rule that judged it. Texts are bounded by the writer. */
export interface Judgement {
  readonly stage?: string
  readonly code?: number
  /** Enhanced status code, RFC 3463, as `5.1.1`. */
  readonly status?: string
  readonly text?: string
  /** Which rule decided, as `smtp/rules.ts` names it. */
  readonly rule?: string
  /** What the rule says beside, for events; not kept, because the rules of the day say it again. */
  readonly advice?: Advice
}

export interface RecipientRecord extends Judgement {
  readonly address: string
  readonly state: RecipientState
}

/** What is known of a message from its enqueue on. Points in time are the store's clock. */
export interface MessageRecord {
  readonly id: string
  readonly connection: string
  readonly state: MessageState
  /** The RFC 5322 Message-ID, with angle brackets; it never changes. Absent when a claim had to create the record. */
  readonly messageId: string | undefined
  readonly acceptedAt: Date
  readonly updatedAt: Date
  /** When the next attempt is planned; only while `deferred`. */
  readonly nextAttemptAt: Date | undefined
  /** The time to which it was rescheduled: no worker takes it before, and it ages from then on. */
  readonly notBefore?: Date
  /** Attempts that reached a server with this message and were settled. */
  readonly attempts: number
  /** Claims in a row without a settlement: how often a worker may have died on it. */
  readonly claims: number
  readonly recipients: readonly RecipientRecord[]
  readonly last: Judgement | undefined
  /** What becomes of its uncertain recipients when nobody decides; absent when they are held. */
  readonly planned?: PlannedSettlement
  /** When it was held as uncertain before it was sent again: it did not age in these spans. */
  readonly held?: readonly HeldSpan[]
}

/** What the producer knows of a message when it enqueues it. */
export interface NewRecord {
  readonly id: string
  readonly connection: string
  readonly messageId: string
  /** Digest of everything that the caller asked for; the same id with another digest is a conflict. */
  readonly digest: string
  readonly recipients: readonly string[]
  /**
   * The job, when it is added only after the record: kept until `enqueued` is told, so that a
   * producer that dies in between leaves nothing without a job. Ignored on Postgres.
   */
  readonly copy?: JobCopy
  /** Stands for all messages of which only the newest is to be sent; a digest, not the sender's word. */
  readonly supersedes?: string
}

/**
 * The answer to `record`, per entry.
 *
 * `known`: the same id with the same digest was recorded before; `enqueueAgain` says that no
 * worker has ever claimed it, so that its job may never have been added.
 */
export type Recorded =
  | {
      readonly kind: 'recorded'
      /** The message that was the newest with the same `supersedes`: it is to be superseded now. */
      readonly older?: string
    }
  | { readonly kind: 'known'; readonly state: MessageState; readonly enqueueAgain: boolean }
  | { readonly kind: 'conflict' }

/** How one recipient came out of an attempt. `index` counts in the job's envelope. */
export interface RecipientOutcome extends Judgement {
  readonly index: number
  readonly state: RecipientState
}

/** What an attempt (or one of its transactions) came to. */
export interface Settlement {
  /** What is said of a recipient replaces what was known; one that is not named stays as it was. */
  readonly outcomes: readonly RecipientOutcome[]
  /** Ends all recipients that are still pending, as `expired` or `refused` (set aside). */
  readonly rest?: 'expired' | 'refused'
  /** More transactions of the same attempt follow: the state stays `active` and the claim is kept. */
  readonly more?: boolean
  /** Whether this counts as an attempt (it drives back-off); with `more` only the last one counts. */
  readonly isAttempt: boolean
  /** Whether the session broke on this attempt: such attempts in a row are counted. */
  readonly isBreak?: boolean
  /** How long until the next attempt, when recipients stay pending. */
  readonly retryInMs?: number
  readonly last?: Judgement
  /** What the timeline tells of it. Kept also when nothing is applied: it happened all the same. */
  readonly note?: AttemptNote
}

/**
 * `applied` is false when a newer claim or a cancellation came first; `state` is what holds now,
 * `queued` when the record is gone.
 */
export interface Settled {
  readonly applied: boolean
  readonly state: MessageState
  /** Whether it came after its recipients had been turned `uncertain`, and won. */
  readonly isLate?: boolean
  /** How many uncertain recipients count as delivered, because the plan says so. */
  readonly accepted?: number
  /** When `uncertain`: how long until its plan is due; absent when it is held. */
  readonly dueInMs?: number
}

export type Cancelled =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'too-late'; readonly state: MessageState }
  | { readonly kind: 'unknown' }

export interface ListQuery {
  readonly state: HeldState
  readonly connection?: string
  /** At most 1,000; 100 by default. */
  readonly limit?: number
  /** Where the page before ended. */
  readonly cursor?: string
}

export interface ListPage {
  readonly records: readonly MessageRecord[]
  /** Absent on the last page. */
  readonly cursor: string | undefined
  /** Messages that belong here and whose records cannot be read, if there are any. */
  readonly unreadable?: readonly string[]
}

/**
 * The durable record of every message, keyed by message id over all names.
 *
 * Every method is atomic in the store and uses the store's clock only. The overall state follows
 * from the recipients: any pending one makes it `deferred`; else the first of `uncertain`,
 * `refused`, `expired`, `cancelled`, `superseded`, `delivered` that some recipient has.
 */
export interface Ledger extends Upkeep {
  /** Records messages at enqueue, unless they are known. One answer per entry, in order. */
  record(entries: readonly NewRecord[]): Promise<readonly Recorded[]>
  /** Removes a record that nobody has claimed yet: its job could not be added. */
  forget(id: string): Promise<void>
  /** Takes the message for one worker and raises the fence. */
  claim(request: ClaimRequest): Promise<Claim>
  /**
   * Writes "the final dot follows" for `recipients`, by compare-and-set on the fence. False: do
   * not send the dot. `answerWithinMs` is how long the reply may take (dot time-out and margin);
   * `plan` what becomes of them if the reply never comes: held when there is none.
   */
  mark(
    id: string,
    fence: number,
    recipients: readonly number[],
    answerWithinMs: number,
    plan?: UncertainPlan,
  ): Promise<boolean>
  /**
   * Ends an attempt or one transaction of it. A late settlement by the worker whose mark already
   * made recipients `uncertain` still wins for those recipients, also when they were accepted (then
   * a refusal is final) or are to be sent again and the final dot has not left. The same settlement may be sent
   * twice: the second one changes nothing and is `applied` as well, unless a newer claim came.
   */
  settle(id: string, fence: number, settlement: Settlement): Promise<Settled>
  /** Cancels what is not settled and whose final dot has not left; twice is as good as once. */
  cancel(id: string): Promise<Cancelled>
  /**
   * Has a message that is not settled sent at another time, unless its final dot has left: no claim
   * takes it before. A worker that has it now loses it.
   */
  reschedule(id: string, at: Date): Promise<Rescheduled>
  /**
   * Ends a message as `superseded` when a newer one with the same `supersedes` was recorded, unless
   * its final dot has left; true when that changed it. Whoever claims it finds it so in any case.
   */
  supersede(id: string): Promise<boolean>
  /**
   * Makes the refused and expired recipients of a held message pending again, by a person's
   * decision. Age and attempts begin anew, and the state is `deferred`, due now.
   */
  reopen(id: string, options?: ReopenOptions): Promise<Reopened>
  /** Settles what is uncertain, whatever else the message does; a late settlement may still win. */
  settleUncertain(id: string, decision: UncertainDecision): Promise<UncertainSettled>
  /** Throws `RecordUnreadableError`, as everything does that meets such a record alone. */
  get(id: string): Promise<MessageRecord | undefined>
  /** What happened to a message, in its order; undefined when it is not known. */
  history(id: string): Promise<Timeline | undefined>
  /** Pages through `uncertain`, `refused` and `expired` messages, oldest first. */
  list(query: ListQuery): Promise<ListPage>
  /** How many messages are held as `uncertain`, `refused` and `expired`, by connection. */
  countHeld(connection: string): Promise<Readonly<Record<HeldState, number>>>
}
