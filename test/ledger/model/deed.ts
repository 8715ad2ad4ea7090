import type { MessageState, Recorded, Settled, Settlement } from '../../../src/ledger/ledger.ts'
import type {
  PlanDone,
  UncertainDecision,
  UncertainSettled,
  UncertainWay,
} from '../../../src/ledger/uncertain.ts'

/** A plan for what turns out uncertain. `isSoon`: as early as it may; else in an hour. */
export interface Planned {
  readonly way: UncertainWay
  readonly isSoon: boolean
  readonly atMost: number
}

/** One thing that a client asks of the ledger. What has to do with time is either over or far away. */
export type Deed = { readonly id: string } & (
  | { readonly kind: 'record'; readonly key?: string; readonly digest: string }
  | {
      readonly kind: 'claim'
      readonly worker: string
      readonly manager?: string
      readonly digest: string
    }
  | {
      readonly kind: 'mark'
      readonly fence: number
      readonly indices: readonly number[]
      /** The answer is overdue at once. */
      readonly isOver: boolean
      readonly plan?: Planned
    }
  | { readonly kind: 'settle'; readonly fence: number; readonly settlement: Settlement }
  | { readonly kind: 'reschedule'; readonly isLater: boolean }
  | { readonly kind: 'reopen'; readonly evenIfUncertain: boolean }
  | { readonly kind: 'decide'; readonly decision: UncertainDecision }
  | {
      readonly kind:
        'forget' | 'cancel' | 'supersede' | 'removeHeld' | 'noteRequeued' | 'get' | 'history'
    }
)

/**
 * What the ledger answered, without the times, which no model can foretell. What is absent is null, so
 * that it is the same behind JSON.
 */
export type Answer =
  | undefined
  | boolean
  | readonly string[]
  | Recorded
  | {
      readonly kind: 'claimed'
      readonly fence: number
      readonly pending: readonly number[]
      readonly attempts: number
      readonly claims: number
      readonly breaks: number
      readonly turned: number
      readonly done: PlanDone | null
      readonly isRescheduled: boolean
    }
  | {
      readonly kind: 'settled'
      readonly state: MessageState
      readonly turned: number
      readonly done: PlanDone | null
      readonly isPlanned: boolean
    }
  | {
      readonly kind: 'elsewhere'
      readonly manager: string
      readonly turned: number
      readonly done: PlanDone | null
    }
  | UncertainSettled
  | (Omit<Settled, 'dueInMs'> & { readonly isPlanned: boolean })
  | { readonly kind: string; readonly state?: MessageState }
  | {
      readonly state: MessageState
      readonly recipients: readonly string[]
      readonly attempts: number
      readonly claims: number
      readonly planned: UncertainWay | null
      readonly isRescheduled: boolean
    }

/** What was asked and answered, and when: all of the time between the two it may have happened. */
export interface Event {
  readonly client: string
  /** Nanoseconds of the machine's monotonic clock, which all processes share. */
  readonly began: number
  readonly ended: number
  readonly deed: Deed
  readonly answer: Answer
}
