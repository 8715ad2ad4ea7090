import type { Recorded } from '../ledger/ledger.ts'
import type { DepthGuard, Places } from './depth-guard.ts'
import { enqueue, type Enqueued, type EnqueueContext } from './enqueue.ts'
import { IdempotencyConflictError } from './errors.ts'

/** One answer per message: taken, or the error that says why not. */
export type Accepted =
  | {
      readonly id: string
      readonly messageId: string
      readonly isNew: boolean
      readonly superseded?: string
    }
  | { readonly error: unknown }

export interface AcceptContext extends EnqueueContext {
  readonly guard: DepthGuard
}

/** A message with its place among those that were handed in together. */
type Waiting = readonly [at: number, mail: Enqueued]

/**
 * Takes messages into the store, as many of each name as its queue has places for.
 *
 * One answer per message; with `stopsAtRefused` the first that is refused has the last answer, and
 * nothing behind it was taken. Rejects only when the store cannot be reached.
 */
export async function accept(
  mails: readonly Enqueued[],
  context: AcceptContext,
): Promise<readonly Accepted[]> {
  const { stopsAtRefused } = context
  const answers: Accepted[] = []
  let waiting: readonly Waiting[] = [...mails.entries()]
  // Known messages give their places back: those that found none try again while that happens.
  while (waiting.length > 0) {
    const places = await reserve(waiting, context.guard)
    const [admitted, left] = share(waiting, places, stopsAtRefused)
    const recorded = await write(admitted, places, context)
    for (const [nth, answer] of recorded.entries()) {
      const [at, mail] = admitted[nth] ?? []
      if (at !== undefined && mail !== undefined) answers[at] = answerOf(mail, answer)
    }
    if (stopsAtRefused && recorded.at(-1)?.kind === 'conflict') return answers
    if (admitted.length === 0) {
      const refused = stopsAtRefused ? left.slice(0, 1) : left
      for (const [at, { job }] of refused) {
        answers[at] = { error: places.get(job.connection)?.refusal() }
      }
      return answers
    }
    waiting = left
  }
  return answers
}

async function reserve(
  waiting: readonly Waiting[],
  guard: DepthGuard,
): Promise<ReadonlyMap<string, Places>> {
  const counts = new Map<string, number>()
  for (const [, { job }] of waiting) {
    counts.set(job.connection, (counts.get(job.connection) ?? 0) + 1)
  }
  const places = new Map<string, Places>()
  try {
    for (const [name, count] of counts) places.set(name, await guard.reserve(name, count))
    return places
  } catch (error) {
    for (const some of places.values()) some.release(0)
    throw error
  }
}

/** Those who have a place, and those who have none; in order, or up to the first who has none. */
function share(
  waiting: readonly Waiting[],
  places: ReadonlyMap<string, Places>,
  stopsAtRefused: boolean,
): readonly [admitted: readonly Waiting[], left: readonly Waiting[]] {
  const free = new Map([...places].map(([name, { count }]) => [name, count]))
  const admitted: Waiting[] = []
  const left: Waiting[] = []
  for (const entry of waiting) {
    const { connection } = entry[1].job
    const count = free.get(connection) ?? 0
    if (count === 0 || (stopsAtRefused && left.length > 0)) left.push(entry)
    else {
      admitted.push(entry)
      free.set(connection, count - 1)
    }
  }
  return [admitted, left]
}

/** Writes what was admitted; only what became a job keeps its place. */
async function write(
  admitted: readonly Waiting[],
  places: ReadonlyMap<string, Places>,
  context: AcceptContext,
): Promise<readonly Recorded[]> {
  const jobs = new Map<string, number>()
  try {
    if (admitted.length === 0) return []
    const recorded = await enqueue(
      admitted.map(([, mail]) => mail),
      context,
    )
    for (const [nth, { kind }] of recorded.entries()) {
      const name = admitted[nth]?.[1].job.connection
      if (kind === 'recorded' && name !== undefined) jobs.set(name, (jobs.get(name) ?? 0) + 1)
    }
    return recorded
  } finally {
    for (const [name, some] of places) some.release(jobs.get(name) ?? 0)
  }
}

function answerOf({ job }: Enqueued, recorded: Recorded): Accepted {
  if (recorded.kind === 'conflict') return { error: new IdempotencyConflictError(job.id) }
  const accepted = { id: job.id, messageId: job.messageId }
  if (recorded.kind === 'known') return { ...accepted, isNew: false }
  const { older: superseded } = recorded
  return { ...accepted, isNew: true, ...(superseded !== undefined && { superseded }) }
}
