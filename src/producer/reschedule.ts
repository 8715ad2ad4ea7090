import { property } from '../job/property.ts'
import { checkSendAt, parseSendAt, type RescheduleOptions } from '../job/reschedule-request.ts'
import { DEFAULT_RETENTION_MS } from '../ledger/open.ts'
import type { Rescheduled } from '../ledger/rescheduled.ts'
import type { OpenDesk } from './desk.ts'

interface RescheduleContext extends Pick<OpenDesk, 'store' | 'ledger' | 'queues'> {
  readonly retentionMs?: number | undefined
  readonly onError?: ((error: unknown) => void) | undefined
}

/**
 * Has a message that is not settled sent at another time, if its final dot has not left.
 *
 * The ledger decides, and a worker that takes the job too early hears of it there. A job that is
 * delayed beyond the new time is brought forward: on Redis that is best effort, and the call can be
 * repeated; on Postgres both are one transaction. Throws `InvalidJobError`.
 */
export async function reschedule(
  id: string,
  options: RescheduleOptions,
  { store, ledger, queues, retentionMs = DEFAULT_RETENTION_MS, onError }: RescheduleContext,
): Promise<Rescheduled> {
  const sendAt = parseSendAt(options)
  const record = await ledger.get(id)
  if (record === undefined) return { kind: 'unknown' }
  const { connection } = record
  const notAfter = property(await queues.read(connection, id), 'notAfter')
  checkSendAt(sendAt, {
    nowMs: await store.nowMs(),
    retentionMs,
    notAfter: typeof notAfter === 'number' ? notAfter : undefined,
  })
  return store.atomically(async () => {
    const answer = await ledger.reschedule(id, new Date(sendAt))
    if (answer.kind !== 'rescheduled') return answer
    try {
      await queues.delayUntil(connection, id, sendAt)
    } catch (error) {
      if (store.kind === 'postgres') throw error
      onError?.(error)
    }
    return answer
  })
}
