import type { Fault } from '../smtp/fault.ts'
import type { Reply } from '../smtp/reply.ts'

export interface TransactionHooks {
  /**
   * Asked once, as soon as the body may flow: the final dot leaves only after it said true. It
   * gets the indices in `envelope.to` of the recipients that the server accepted.
   */
  readonly beforeDot: (accepted: readonly number[]) => Promise<boolean>
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
 * `isStale` says that a session with earlier messages ended before it answered MAIL FROM: nothing
 * of this message was looked at, and another session may try it at once.
 */
export type TransactionEnding =
  | {
      readonly kind: 'accepted'
      readonly reply: Reply
      readonly recipients: readonly RecipientReply[]
    }
  | {
      readonly kind: 'rejected'
      readonly fault: Fault
      readonly recipients: readonly RecipientReply[]
      readonly isStale?: true
    }
  | {
      readonly kind: 'broken'
      readonly fault: Fault
      readonly recipients: readonly RecipientReply[]
      readonly dotSent: boolean
      readonly isStale?: true
    }
  | { readonly kind: 'withdrawn'; readonly recipients: readonly RecipientReply[] }
