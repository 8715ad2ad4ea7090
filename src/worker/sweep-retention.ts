import type { HeldState, MessageRecord } from '../ledger/ledger.ts'
import { digestIn } from '../queue/remove.ts'
import type { SweepContext } from './sweep-context.ts'
import { isFree } from './sweep-left.ts'

const PER_PAGE = 100
const MAX_PAGES = 50
const PURGE = 500

const HELD: readonly HeldState[] = ['uncertain', 'refused', 'expired']

/** Names are known for a day at least, since those who use them say so once an hour only. */
const MIN_NAME_MS = 86_400_000

/** Removes held messages that are older than the retention, with their jobs. Says how many. */
export async function forgetHeld(context: SweepContext): Promise<number> {
  let count = 0
  for (const state of HELD) {
    let cursor: string | undefined
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const found = await context.ledger.list({ state, limit: PER_PAGE, ...(cursor && { cursor }) })
      const old = found.records.filter((record) => isOld(record, context))
      for (const record of old) {
        // What its policy settles later is not over.
        if (record.planned === undefined && (await forget(record, context))) count += 1
      }
      cursor = found.cursor
      // The oldest come first; one that cannot be read may be old as well.
      const mayEnd = old.length === 0 && found.unreadable === undefined
      if (mayEnd || cursor === undefined) break
      if (!(await context.goOn())) return count
    }
  }
  return count
}

function isOld({ updatedAt }: MessageRecord, { now, heldRetentionMs }: SweepContext): boolean {
  return now() - updatedAt.getTime() >= heldRetentionMs
}

/**
 * The record goes first, by a decision of the store: whoever opens the message again at this moment
 * either finds it, and it stays, or does not. A job that is left behind is found by `removeLeft`.
 * Its key may be used again from then on: what belongs to another request stays, and so does what the
 * same request has put again, which is not recorded before that.
 */
async function forget({ id, connection }: MessageRecord, context: SweepContext): Promise<boolean> {
  const { ledger, queues, heldRetentionMs, content } = context
  const digest = (await ledger.digestOf(id)) ?? digestIn(await queues.read(connection, id))
  if (!(await ledger.removeHeld(id, heldRetentionMs))) return false
  await queues.removeRequested(connection, { id, digest })
  if (await isFree(id, digest, ledger)) await content.release(id, digest, 'old')
  return true
}

/** Removes what ended long ago, where the store does not do it by itself. */
export async function purgeEnded({ ledger, goOn }: SweepContext): Promise<void> {
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const removed = (await ledger.purge?.(PURGE)) ?? 0
    if (removed < PURGE || !(await goOn())) return
  }
}

/** Forgets names that nobody used for the retention and that have no mail. */
export async function forgetNames(context: SweepContext): Promise<void> {
  const { registry, queues, ledger, now, retentionMs } = context
  const { names, workers } = await registry.list()
  const served = new Set(workers.flatMap((worker) => worker.names))
  const unusedForMs = Math.max(retentionMs, MIN_NAME_MS)
  for (const { name, usedAt } of names) {
    if (served.has(name) || now() - usedAt.getTime() < unusedForMs) continue
    const counts = await Promise.all([queues.depth(name), ledger.countHeld(name)])
    if (counts.every((each) => Object.values(each).every((count) => count === 0))) {
      await registry.forget(name, unusedForMs)
    }
    if (!(await context.goOn())) return
  }
}
