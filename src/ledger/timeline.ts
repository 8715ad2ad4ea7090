import type { Judgement, RecipientState } from './ledger.ts'
import type { UncertainWay } from './uncertain.ts'

/** What a worker knows of one transaction, or of an attempt that came to none. */
export interface AttemptNote {
  /** Which attempt of the message, from 1; those after a person reopened it begin anew. */
  readonly attempt: number
  /** Which transaction of the attempt, from 1. */
  readonly part: number
  /** Absent when it has the name that the job refers to. */
  readonly manager?: string
  /** The beginning of the digest of what the manager was resolved to. */
  readonly digest: string
  readonly worker: string
  /** How far it came; `after` means that the reply to the final dot has arrived. */
  readonly stage?: string
  /** The recipient whose RCPT was not answered, by its index in the job's envelope. */
  readonly recipient?: number
  /** Size of the message as it was composed; 0 when it was not. */
  readonly bytes: number
  /** The version of the rules that judged. */
  readonly rules?: string
  readonly last?: Judgement
  readonly outcomes: readonly NotedOutcome[]
  /** What the message asked for, and the server does not offer, or refused: it went without. */
  readonly unasked?: readonly string[]
  /** Who said what, masked and bounded; absent for a plain success. */
  readonly conversation?: readonly string[]
}

/** How some recipients came out of a transaction, all in the same way. */
export interface NotedOutcome extends Judgement {
  /** Indices in the job's envelope. */
  readonly recipients: readonly number[]
  readonly state: RecipientState
}

/**
 * A transaction that has ended.
 *
 * | how | meaning |
 * |---|---|
 * | `settled` | by the worker that held the message |
 * | `late` | after its recipients had been turned `uncertain`; its word won |
 * | `withdrawn` | the message was cancelled, or another worker had it: nothing changed |
 */
export interface AttemptEntry extends Omit<AttemptNote, 'last' | 'manager'>, Judgement {
  readonly kind: 'attempt'
  readonly manager: string
  readonly at: Date
  readonly startedAt: Date
  readonly how: 'settled' | 'late' | 'withdrawn'
}

/** One thing that happened to a message. Points in time are the store's clock. */
export type TimelineEntry =
  | { readonly kind: 'accepted'; readonly at: Date }
  | AttemptEntry
  /** A worker claimed it and never said how that ended; another one took it at `at`. */
  | { readonly kind: 'died'; readonly at: Date; readonly worker: string; readonly claimedAt: Date }
  /** The time for the answer to a final dot was over. */
  | {
      readonly kind: 'turned-uncertain'
      readonly at: Date
      readonly worker: string
      readonly recipients: readonly number[]
    }
  /** What was uncertain is sent again, or counts as delivered. */
  | {
      readonly kind: 'uncertain-settled'
      readonly at: Date
      readonly way: UncertainWay
      readonly by: 'policy' | 'person'
      readonly recipients: readonly number[]
    }
  /** What its policy would have done is not done: it waits for a person. */
  | { readonly kind: 'uncertain-held'; readonly at: Date }
  /** It ended without a transaction: by age, by its deadline, set aside, without its content. */
  | ({
      readonly kind: 'ended'
      readonly at: Date
      readonly state: 'expired' | 'refused'
    } & Judgement)
  | { readonly kind: 'reopened'; readonly at: Date; readonly evenIfUncertain: boolean }
  | { readonly kind: 'cancelled'; readonly at: Date }
  /** A newer message with the same `supersedes` was accepted: `by` is its id. */
  | { readonly kind: 'superseded'; readonly at: Date; readonly by: string }
  | { readonly kind: 'rescheduled'; readonly at: Date; readonly sendAt: Date }
  /** Its job was put back into the queue by the sweeper. */
  | { readonly kind: 'requeued'; readonly at: Date }

/** What happened to a message, in its order. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[]
  /** How many entries were evicted, by age or for want of room. */
  readonly forgotten: number
}

/** How much history is kept, in all. */
export interface HistoryLimits {
  readonly keepForMs: number
  readonly maxBytes: number
}

/** What eviction did, and how many bytes of history are left. */
export interface Evicted {
  readonly entries: number
  readonly bytesLeft: number
}
