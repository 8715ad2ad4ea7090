import type { Fault } from '../smtp/fault.ts'
import type { Reply } from '../smtp/reply.ts'
import type { Stage } from '../smtp/stage.ts'
import type { Spared } from './envelope-commands.ts'

export interface TransactionHooks {
  /**
   * Asked once, as soon as the body may flow: the final dot leaves only after it said true. It
   * gets the indices in `envelope.to` of the recipients that the server accepted.
   */
  readonly beforeDot: (accepted: readonly number[]) => Promise<boolean>
  /** Says nothing of these, even to a server that offers them. */
  readonly without?: readonly Spared[]
  /** Told when the final dot has left; `isWhole`: for all recipients, none of whom was refused. */
  readonly onDotSent?: (isWhole: boolean) => void
  /** Ends the transaction as long as the dot has not left; ignored from then on. */
  readonly signal?: AbortSignal | undefined
}

/** What the server said to one RCPT TO; in the order of `envelope.to`. */
export interface RecipientReply {
  readonly address: string
  /** Absent when the transaction ended before the server answered. */
  readonly reply: Reply | undefined
  readonly accepted: boolean
}

/**
 * How one transaction ended.
 *
 * | kind | meaning |
 * |---|---|
 * | `accepted` | the server took the message for all recipients that it had accepted |
 * | `rejected` | the server said no at the fault's stage, or lacks what the message needs: nobody got it |
 * | `broken` | the session ended; whether somebody got the message is unknown if `dotSent`, else nobody did |
 * | `withdrawn` | `beforeDot` said no: the connection was closed without the dot, and nobody got it |
 *
 * `isStale` says that a session with earlier messages ended before it answered MAIL FROM, or that the
 * message was offered behind the final dot of another one and not asked for: nothing of it was looked
 * at, and another session may try it at once.
 */
export type TransactionEnding = Told &
  (
    | { readonly kind: 'accepted'; readonly reply: Reply }
    | {
        readonly kind: 'rejected'
        readonly fault: Fault
        readonly isStale?: true
        /** What was refused were commands with parameters of these, which it can do without. */
        readonly spares?: readonly Spared[]
        /** The indices of the recipients that need what the server lacks; absent when all do. */
        readonly places?: readonly number[]
      }
    | {
        readonly kind: 'broken'
        readonly fault: Fault
        readonly dotSent: boolean
        readonly isStale?: true
      }
    | { readonly kind: 'withdrawn' }
  )

/** What every ending tells. */
interface Told {
  readonly recipients: readonly RecipientReply[]
  /**
   * Who said what, a line each, the sender masked and the body as its size. Absent when all went
   * well: then the reply says everything.
   */
  readonly conversation?: readonly string[]
  /** What the message asked for, and the server heard nothing of. */
  readonly unasked?: readonly 'DSN'[]
  /** It ended the session, or with it: nothing more can be sent over it. */
  readonly endsSession?: boolean
  /** The index of the recipient whose RCPT was awaited when it ended. */
  readonly recipient?: number
}

/** How far a transaction came; `after`: the reply to its final dot has arrived, and was a good one. */
export function stageReached(ending: TransactionEnding): Stage {
  switch (ending.kind) {
    case 'accepted':
      return 'after'
    case 'withdrawn':
      return 'body'
    case 'rejected':
    case 'broken':
      return ending.fault.stage
  }
}
