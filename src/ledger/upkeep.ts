import type { HeldState, MessageState } from './ledger.ts'
import type { Evicted, HistoryLimits } from './timeline.ts'
import type { DueUncertain } from './uncertain.ts'

/** A job as it is to be added to its queue. */
export interface JobCopy {
  readonly data: unknown
  readonly priority: 'high' | 'normal' | 'low'
}

/** A message that was recorded a while ago and whose job was perhaps never added to its queue. */
export interface StrandedJob {
  readonly id: string
  readonly connection: string
  /** Undefined when it cannot be read. */
  readonly copy: JobCopy | undefined
  /** Whether nobody has claimed or ended the message: then its job has to be added. */
  readonly isUnclaimed: boolean
}

/** A message that is not at its end. */
export interface OpenRecord {
  readonly id: string
  readonly connection: string
  readonly state: Exclude<MessageState, HeldState | 'delivered' | 'cancelled' | 'superseded'>
}

export interface OpenQuery {
  /** Leaves out what changed within so many milliseconds. */
  readonly untouchedForMs: number
  /** Where the page before ended. */
  readonly cursor?: string
}

export interface OpenPage {
  readonly records: readonly OpenRecord[]
  /** Absent on the last page. */
  readonly cursor: string | undefined
}

/** What keeps a ledger tidy; everything here is for the sweeper. */
export interface Upkeep {
  /** Lets go the copies of jobs that `record` kept. Absent where record and job are one transaction. */
  enqueued?(ids: readonly string[]): Promise<void>
  /** Copies that were kept for longer than `forMs`, the oldest first, up to `limit`. */
  stranded?(forMs: number, limit: number): Promise<readonly StrandedJob[]>
  /**
   * Pages through the messages that are not at their end, in no order. A page reads a bounded
   * number of records and may hold none of them; one that changes meanwhile may be on two pages.
   */
  pageOpen(query: OpenQuery): Promise<OpenPage>
  /** The digest that `record` was told; undefined when a claim had to create the record, or none is there. */
  digestOf(id: string): Promise<string | undefined>
  /** Removes a message that has been held, unchanged, for `forMs` at least. False: it is not that. */
  removeHeld(id: string, forMs: number): Promise<boolean>
  /** Up to `limit` messages whose plan for uncertain recipients is due, after so many, the oldest first. */
  dueUncertain(offset: number, limit: number): Promise<readonly DueUncertain[]>
  /** Tells the timeline that a message's job was put back into its queue. */
  noteRequeued(id: string): Promise<void>
  /**
   * Evicts up to `limit` entries of history, the oldest first, that are older than `keepForMs` or
   * for which `maxBytes` has no room. What forbids a second sending is no history and stays.
   */
  evictHistory(limits: HistoryLimits, limit: number): Promise<Evicted>
  /**
   * Removes up to `limit` delivered, cancelled and superseded records that are older than the
   * retention, and says how many. Absent where the store removes them by itself.
   */
  purge?(limit: number): Promise<number>
}
