import { setTimeout as delay } from 'node:timers/promises'

import { RecordUnreadableError } from '../ledger/errors.ts'

/**
 * Repeats a write to the store until it is stored: what a server has answered must not be lost
 * because the store was away for a moment.
 *
 * The write must be harmless when it is done twice. Waits 50 ms to 500 ms between the tries, since
 * its name takes no other mail meanwhile and the store may be back at any moment; tells
 * `onFault` of each failure, and rejects with the last fault only when `signal` aborts, or when the
 * record is one on which nothing can be written.
 */
export async function persist<T>(
  write: () => Promise<T>,
  onFault: (error: unknown) => void,
  signal: AbortSignal,
): Promise<T> {
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, LAST_WAIT_MS)) {
    try {
      return await write()
    } catch (error) {
      onFault(error)
      if (signal.aborted || error instanceof RecordUnreadableError) throw error
      await delay(waitMs, undefined, { signal, ref: false }).catch(() => {
        throw error
      })
    }
  }
}

const LAST_WAIT_MS = 500
