import type { FinalState, MessageState } from './ledger.ts'

/** What a worker tells the fleet when a message's state changed; best effort, the ledger is the truth. */
export interface Announcement {
  readonly id: string
  readonly connection: string
  readonly state: FinalState | Extract<MessageState, 'deferred'>
  readonly stage?: string
  readonly code?: number
  readonly status?: string
  readonly rule?: string
}

/** The store's channel for announcements, under the store's own prefix or schema. */
export const ANNOUNCEMENTS = 'outcomes'

const MAX_BYTES = 7_000

/** Packs announcements into texts that every store can carry (Postgres: 8,000 bytes). */
export function packAnnouncements(announcements: readonly Announcement[]): readonly string[] {
  const texts: string[] = []
  let items: string[] = []
  let bytes = 2
  for (const announcement of announcements) {
    const item = JSON.stringify(announcement)
    const size = Buffer.byteLength(item) + 1
    if (items.length > 0 && bytes + size > MAX_BYTES) {
      texts.push(`[${items.join(',')}]`)
      items = []
      bytes = 2
    }
    items.push(item)
    bytes += size
  }
  if (items.length > 0) texts.push(`[${items.join(',')}]`)
  return texts
}

/** Reads what `packAnnouncements` wrote; anything else is no announcement. */
export function unpackAnnouncements(text: string): readonly Announcement[] {
  try {
    const items: unknown = JSON.parse(text)
    return Array.isArray(items) ? items.filter(isAnnouncement) : []
  } catch {
    return []
  }
}

function isAnnouncement(item: unknown): item is Announcement {
  return (
    typeof item === 'object' &&
    item !== null &&
    'id' in item &&
    typeof item.id === 'string' &&
    'state' in item &&
    typeof item.state === 'string'
  )
}
