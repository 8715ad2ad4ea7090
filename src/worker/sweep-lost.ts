import { JOB_LOST } from '../ledger/job-lost.ts'
import type { MessageRecord } from '../ledger/ledger.ts'
import type { OpenRecord } from '../ledger/upkeep.ts'
import type { Queues } from '../queue/queues.ts'
import { digestIn } from '../queue/remove.ts'
import { expire } from './sweep-ending.ts'
import type { SweepContext, SweepMemory } from './sweep-context.ts'
import { recordFor } from './sweep-record.ts'

const MAX_PAGES = 100
const MAX_SUSPECTS = 1_000

const WHY = 'its job is not in the queue any more: somebody removed it, or the store lost it'

/**
 * Deals with messages that are not at their end and that no worker will ever take.
 *
 * A job that is there and dead goes back into the queue: somebody gave the message another try and
 * died before the job knew. A job that is gone, or whose place an older request under the same key
 * has, is looked for again after the grace; then the message ends, for everybody to see.
 */
export async function findLost(
  memory: SweepMemory,
  context: SweepContext,
): Promise<{ readonly requeued: number; readonly lost: number }> {
  const lost = await endSuspects(memory, context)
  let requeued = 0
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { records, cursor } = await context.ledger.pageOpen({
      untouchedForMs: context.graceMs,
      ...(memory.openCursor !== undefined && { cursor: memory.openCursor }),
    })
    memory.openCursor = cursor
    requeued += await lookAt(records, memory, context)
    if (cursor === undefined || !(await context.goOn())) break
  }
  return { requeued, lost }
}

async function lookAt(
  records: readonly OpenRecord[],
  { suspects }: SweepMemory,
  context: SweepContext,
): Promise<number> {
  const { queues, ledger, emit, now } = context
  let requeued = 0
  for (const [connection, some] of Map.groupBy(records, (record) => record.connection)) {
    const ids = some.map(({ id }) => id)
    const { gone, dead } = await queues.findStray(connection, ids)
    const suspect = (id: string): void => {
      if (suspects.size < MAX_SUSPECTS && !suspects.has(id)) suspects.set(id, now())
    }
    gone.forEach(suspect)
    for (const id of dead) {
      const digest = await ledger.digestOf(id)
      // Its worker may have settled and ended it since the page was read.
      const record = await recordFor(id, context)
      if (record === 'unreadable' || !isOpen(record)) continue
      if (await queues.revive(connection, id, digest)) {
        await ledger.noteRequeued(id)
        emit({ event: 'requeued', id, connection })
        requeued += 1
      } else if (await isOther(connection, id, digest, queues)) suspect(id)
    }
  }
  return requeued
}

async function endSuspects({ suspects }: SweepMemory, context: SweepContext): Promise<number> {
  const { ledger, queues, now, graceMs, emit } = context
  let lost = 0
  for (const [id, since] of suspects) {
    if (now() - since < graceMs) continue
    const record = await recordFor(id, context)
    suspects.delete(id)
    if (record === 'unreadable' || !isOpen(record) || !(await isGone(record))) continue
    const { connection } = record
    const recipients = record.recipients.map(({ address }) => address)
    const judge = async () => ((await isGone(record)) ? { rule: JOB_LOST, text: WHY } : undefined)
    const ended = await expire({ id, connection, recipients, judge }, context)
    if (ended.kind !== 'expired') continue
    const reason = `expired: ${WHY}`
    emit({ event: 'job-lost', id, connection, pending: ended.pending, rule: JOB_LOST, reason })
    lost += 1
  }
  return lost

  async function isGone({ id, connection }: MessageRecord): Promise<boolean> {
    const { gone, dead } = await queues.findStray(connection, [id])
    if (dead.length === 0) return gone.length > 0
    return isOther(connection, id, await ledger.digestOf(id), queues)
  }
}

/** Whether the job under an id is there, and not of the request that the ledger knows. */
async function isOther(
  connection: string,
  id: string,
  digest: string | undefined,
  queues: Queues,
): Promise<boolean> {
  const data = await queues.read(connection, id)
  return data !== undefined && digest !== undefined && digestIn(data) !== digest
}

function isOpen(record: MessageRecord | undefined): record is MessageRecord {
  const state = record?.state
  return state === 'queued' || state === 'active' || state === 'deferred'
}
