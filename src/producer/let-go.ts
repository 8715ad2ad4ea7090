import { ANNOUNCEMENTS, packAnnouncements } from '../ledger/announcements.ts'
import type { MessageRecord } from '../ledger/ledger.ts'
import { parseFinalState } from '../ledger/state.ts'
import type { OpenDesk } from './desk.ts'

/**
 * Tidies up behind a message that was cancelled or superseded, and announces its end.
 *
 * Best effort: a worker that takes the job sees in the ledger how the message stands.
 */
export async function letGo(
  { id, connection, ...record }: Pick<MessageRecord, 'id' | 'connection' | 'state'>,
  { store, queues, contents }: OpenDesk,
): Promise<void> {
  // Not always its end by that: what was refused before the rest was cancelled is refused.
  const state = parseFinalState(record.state, id)
  const isOver = state === 'cancelled' || state === 'superseded'
  if (isOver) {
    await queues.remove(connection, id).catch(() => false)
    await contents.release(id)
  }
  const [text = ''] = packAnnouncements([{ id, connection, state }])
  await store.publish(ANNOUNCEMENTS, text)
}
