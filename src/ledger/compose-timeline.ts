import { decodeBrief, entryOfBrief } from './brief.ts'
import { decodeEntry, firstAcceptedAt, startOf, type StoredEntry } from './entry.ts'
import type { Timeline, TimelineEntry } from './timeline.ts'

/** Stands in the place of a brief for a message that was cancelled and has no other history. */
export const CANCELLED_BRIEF = 'c'

/** What a record and the history beside it hold of what happened. */
export interface TimelineFacts {
  readonly id: string
  readonly connection: string
  readonly acceptedAt: Date
  readonly updatedAt: Date
  readonly fence: number
  readonly worker: string
  /** Of a message that had an end and no other history; see `brief.ts`. */
  readonly brief: string | undefined
  readonly stored: readonly StoredEntry[]
  /** How many entries were ever stored. */
  readonly count: number
}

/** Makes a message's timeline of what is kept of it. Throws `RecordUnreadableError`. */
export function composeTimeline(facts: TimelineFacts): Timeline {
  const { stored, count } = facts
  // A brief is written only when there is no entry yet: whatever there is came later.
  return {
    entries: [
      { kind: 'accepted', at: firstAcceptedAt(stored) ?? facts.acceptedAt },
      ...briefOf(facts),
      ...stored.map((entry) => decodeEntry(facts, entry)),
    ],
    forgotten: Math.max(0, count - stored.length),
  }
}

function briefOf(facts: TimelineFacts): readonly TimelineEntry[] {
  const { brief, connection, worker, updatedAt: at } = facts
  if (brief === undefined) return []
  if (brief === CANCELLED_BRIEF) return [{ kind: 'cancelled', at }]
  const startedAt = startOf(facts.fence)
  return [entryOfBrief(decodeBrief(brief), { at, startedAt, worker, connection })]
}
