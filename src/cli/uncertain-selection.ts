import { parseDuration } from '../duration.ts'
import type { MessageRecord } from '../ledger/ledger.ts'
import { eachHeld } from '../producer/held.ts'
import type { Mailroom } from '../producer/mailroom.ts'

/** The options that say which uncertain messages a command is about. */
export const UNCERTAIN_OPTIONS = {
  connection: { type: 'string' },
  'older-than': { type: 'string' },
  limit: { type: 'string' },
} as const

/** Which uncertain messages are meant. */
export interface UncertainSelection {
  readonly connection: string | undefined
  /** Only those that have been uncertain since before that; all by default. */
  readonly before: Date | undefined
}

/** The selection that the options ask for. Throws `InvalidDurationError`. */
export function selectionOf(
  values: { readonly connection?: string | undefined; readonly 'older-than'?: string | undefined },
  now: Date,
): UncertainSelection {
  const olderThan = values['older-than']
  return {
    connection: values.connection,
    before:
      olderThan === undefined ? undefined : new Date(now.getTime() - parseDuration(olderThan)),
  }
}

/** The uncertain messages of a selection, the oldest first, one page in memory. */
export async function* eachUncertain(
  mailroom: Mailroom,
  { connection, before }: UncertainSelection,
  limit: number,
  onUnreadable?: (id: string) => void,
): AsyncGenerator<MessageRecord, void, undefined> {
  const query = { state: 'uncertain', ...(connection !== undefined && { connection }) } as const
  let left = limit
  for await (const record of eachHeld((page) => mailroom.list(page), query, onUnreadable)) {
    if (before !== undefined && record.updatedAt > before) continue
    if (left === 0) return
    left -= 1
    yield record
  }
}
