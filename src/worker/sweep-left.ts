import { property } from '../job/property.ts'
import { needsContent } from '../ledger/content-need.ts'
import { RecordUnreadableError } from '../ledger/errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { TakenJob } from '../queue/queues.ts'
import { digestIn } from '../queue/remove.ts'
import type { SweepContext, SweepMemory } from './sweep-context.ts'

const PER_PAGE = 100
const MAX_PAGES = 5

/**
 * Removes dead jobs that a crash left behind their record: of messages that are over and that nobody
 * sends or looks at any more, and, when they are older than the retention, those of which the ledger
 * knows nothing. Walks on through each queue, a bounded way.
 */
export async function removeLeft(memory: SweepMemory, context: SweepContext): Promise<void> {
  for (const { name } of (await context.registry.list()).names) {
    if (!(await walk(name, memory, context))) return
  }
}

/** False when the sweep is to end here. */
async function walk(
  name: string,
  { offsets }: SweepMemory,
  context: SweepContext,
): Promise<boolean> {
  const key = `dead ${name}`
  let offset = offsets.get(key) ?? 0
  offsets.delete(key)
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const jobs = await context.queues.page(name, 'dead', offset, PER_PAGE)
    for (const job of jobs) if (!(await removeOne(name, job, context))) offset += 1
    if (!(await context.goOn())) return false
    if (jobs.length < PER_PAGE) return true
  }
  offsets.set(key, offset)
  return true
}

async function removeOne(
  name: string,
  { id, data }: TakenJob,
  { queues, ledger, now, heldRetentionMs, content, onStoreFault }: SweepContext,
): Promise<boolean> {
  const digest = digestIn(data)
  const acceptedAt = property(data, 'acceptedAt')
  const isOld = typeof acceptedAt === 'number' && now() - acceptedAt >= heldRetentionMs
  try {
    const isLeft = await isOver(id, digest, ledger)
    if (!isLeft && !(isOld && (await isFree(id, digest, ledger)))) return false
    const isRemoved = await queues.removeRequested(name, { id, digest })
    await content.release(id, digest, isLeft ? 'all' : 'old')
    return isRemoved
  } catch (error) {
    if (!(error instanceof RecordUnreadableError)) throw error
    onStoreFault(error)
    return false
  }
}

/** Whether a request has come to an end that nobody opens again, as the ledger knows it. */
async function isOver(id: string, digest: string | undefined, ledger: Ledger): Promise<boolean> {
  const record = await ledger.get(id)
  if (record === undefined || needsContent(record.state)) return false
  const known = await ledger.digestOf(id)
  return known === undefined || known === digest
}

/**
 * Whether the ledger knows nothing of a request. A record that a claim had to create tells none: it
 * may be this one.
 */
export async function isFree(
  id: string,
  digest: string | undefined,
  ledger: Ledger,
): Promise<boolean> {
  const known = await ledger.digestOf(id)
  if (known === undefined || digest === undefined) return (await ledger.get(id)) === undefined
  return known !== digest
}
