import type { ContentStore } from '../content/content.ts'
import type { Registry } from '../fleet/fleet.ts'
import type { PauseWatch } from '../fleet/pause-watch.ts'
import type { Announcement } from '../ledger/announcements.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Queues } from '../queue/queues.ts'
import type { Emit } from './events.ts'
import type { RetryPolicy } from './retry.ts'

/** How patient sweeping is, in milliseconds, and how much is kept. */
export interface SweepTimes {
  /** How often the fleet sweeps; 60,000 by default. */
  readonly everyMs: number
  /** What is younger may still be on its way; 60,000 by default. */
  readonly graceMs: number
  /** How long refused, expired and uncertain messages are kept; 90 days by default. */
  readonly heldRetentionMs: number
  /** How long what happened to messages is kept; 30 days by default. */
  readonly historyKeepForMs: number
  /** How much of it in all, in bytes; 268,435,456 by default. */
  readonly historyMaxBytes: number
}

/** What sweeping needs of the worker that does it. */
export interface SweepContext extends Omit<SweepTimes, 'everyMs'> {
  /** Names the sweeper in the ledger and for its turn. */
  readonly worker: string
  readonly ledger: Ledger
  readonly queues: Queues
  readonly registry: Registry
  /** What operators have paused: its mail does not age. */
  readonly pauses: Pick<PauseWatch, 'of'>
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
  readonly retry: Pick<RetryPolicy, 'giveUpAfterMs'>
  readonly emit: Emit
  readonly announce: (announcement: Announcement) => void
  readonly onStoreFault: (error: unknown) => void
  /** How long names that nobody uses are known. */
  readonly retentionMs: number
  /** Where content beside the queue is. */
  readonly content: Pick<ContentStore, 'release' | 'sweep'>
  /** Rests between two pages; false: the sweep is to end here. */
  readonly goOn: () => Promise<boolean>
}

/** How many of what one sweep has dealt with. */
export interface Swept {
  /** Messages that were put back into their queue. */
  readonly requeued: number
  /** Messages that came to an end because their job is gone. */
  readonly lost: number
  /** Messages that expired because nobody took them. */
  readonly expired: number
  /** Held messages that were older than the retention. */
  readonly forgotten: number
}

/** Where a sweeper was, so that the next sweep goes on there; it may be forgotten at any time. */
export interface SweepMemory {
  /** Messages whose job was not there, and since when: looked at once more before they end. */
  readonly suspects: Map<string, number>
  /** Where the walk through the ledger goes on. */
  openCursor: string | undefined
  /** Where the walk through a queue goes on, by queue and state. */
  readonly offsets: Map<string, number>
}

export function createSweepMemory(): SweepMemory {
  return { suspects: new Map(), openCursor: undefined, offsets: new Map() }
}
