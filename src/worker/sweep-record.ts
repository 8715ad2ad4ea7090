import { RecordUnreadableError } from '../ledger/errors.ts'
import type { MessageRecord } from '../ledger/ledger.ts'
import type { SweepContext } from './sweep-context.ts'

/** So many are remembered as told; of more, each is told again. */
const MAX_TOLD = 1_000

/**
 * Reads a message's record for the sweep. One that nobody can read is told, stays as it is, and keeps
 * no other message from being swept.
 */
export async function recordFor(
  id: string,
  { ledger, onStoreFault }: Pick<SweepContext, 'ledger' | 'onStoreFault'>,
): Promise<MessageRecord | 'unreadable' | undefined> {
  try {
    return await ledger.get(id)
  } catch (error) {
    if (!(error instanceof RecordUnreadableError)) throw error
    onStoreFault(error)
    return 'unreadable'
  }
}

/** Tells of each record that cannot be read once, and of everything else each time. */
export function tellUnreadableOnce(onFault: (error: unknown) => void): (error: unknown) => void {
  const told = new Set<string>()
  return (error) => {
    if (error instanceof RecordUnreadableError) {
      if (told.has(error.id)) return
      if (told.size >= MAX_TOLD) told.clear()
      told.add(error.id)
    }
    onFault(error)
  }
}
