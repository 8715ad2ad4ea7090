import { property } from '../job/property.ts'
import type { JobCopy, StrandedJob } from '../ledger/upkeep.ts'
import type { SweepContext } from './sweep-context.ts'

const PER_PAGE = 100
const MAX_PAGES = 50

/**
 * Adds the jobs that a producer recorded and, since it died there, never added. Says how many.
 *
 * A producer that is only slow adds its job as well: the same id twice is one job, and one that
 * came to its end meanwhile is settled in the ledger.
 */
export async function addStranded(context: SweepContext): Promise<number> {
  const { ledger, graceMs } = context
  let count = 0
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const found = (await ledger.stranded?.(graceMs, PER_PAGE)) ?? []
    for (const stranded of found) if (await addAgain(stranded, context)) count += 1
    await ledger.enqueued?.(found.map(({ id }) => id))
    if (found.length < PER_PAGE || !(await context.goOn())) break
  }
  return count
}

async function addAgain(
  { id, connection, copy, isUnclaimed }: StrandedJob,
  { queues, ledger, emit, now }: SweepContext,
): Promise<boolean> {
  if (!isUnclaimed || copy === undefined) return false
  const digest = property(copy.data, 'digest')
  // A message that was forgotten may have left a job under the same key.
  if (typeof digest === 'string') await queues.makeRoom(connection, [{ id, digest }])
  const { gone } = await queues.findStray(connection, [id])
  if (gone.length === 0) return false
  const { data, priority } = copy
  await queues.add(connection, [{ id, data, priority, delayMs: delayOf(copy, now()) }])
  await ledger.noteRequeued(id)
  emit({ event: 'requeued', id, connection })
  return true
}

function delayOf({ data }: JobCopy, now: number): number {
  const notBefore = property(data, 'notBefore')
  return typeof notBefore === 'number' ? Math.max(0, notBefore - now) : 0
}
