import type { Queue } from 'bullmq'

import type { Store } from '../store/store.ts'
import { CLASSES } from './endings.ts'
import type { Stray, TakenJob } from './queues.ts'

/** BullMQ's words for the states whose jobs can be read page by page. */
const STATES = { waiting: 'prioritized', delayed: 'delayed', dead: 'failed' } as const

/** Reads a page of jobs, those first that come first; one that is removed meanwhile is left out. */
export async function pageOf(
  queue: Queue,
  state: keyof typeof STATES,
  offset: number,
  limit: number,
): Promise<readonly TakenJob[]> {
  if (limit < 1) return []
  const ids = await queue.getRanges([STATES[state]], offset, offset + limit - 1, true)
  return readAll(queue, ids)
}

/** The jobs that are taken next, one of each priority. */
export async function headsOf(store: Store, queue: Queue): Promise<readonly TakenJob[]> {
  const ids = await Promise.all(CLASSES.map((priority) => headOf(store, queue, priority)))
  return readAll(
    queue,
    ids.flatMap((id) => id ?? []),
  )
}

async function headOf(store: Store, queue: Queue, priority: number): Promise<string | undefined> {
  if (store.kind === 'redis') {
    // A job's score is its priority times 2^32 and its turn within; see `redis-order.ts`.
    const key = `${store.spreadPrefix}:${queue.name}:prioritized`
    const from = (priority - 0.5) * 2 ** 32
    const to = (priority + 0.5) * 2 ** 32
    const [id] = await store.client.zrangebyscore(key, from, to, 'LIMIT', 0, 1)
    return id
  }
  const { rows } = await store.pool.query<{ id: string }>(
    `select id from job where queue = $1 and state = 'waiting' and priority = $2
     order by seq limit 1`,
    [queue.name, priority],
  )
  return rows[0]?.id
}

async function readAll(queue: Queue, ids: readonly string[]): Promise<readonly TakenJob[]> {
  const jobs = await Promise.all(ids.map((id) => queue.getJob(id)))
  return jobs.flatMap((job, at) =>
    job === undefined ? [] : [{ id: ids[at] ?? '', data: job.data as unknown }],
  )
}

/** Of `ids`, those that no worker takes by itself: gone, or dead. */
export async function strayOf(store: Store, queue: Queue, ids: readonly string[]): Promise<Stray> {
  if (store.kind === 'redis') {
    const { client, spreadPrefix } = store
    const key = `${spreadPrefix}:${queue.name}`
    const found = await Promise.all(ids.map((id) => client.exists(`${key}:${id}`)))
    const died = await Promise.all(ids.map((id) => client.zscore(`${key}:failed`, id)))
    return {
      gone: ids.filter((_, at) => found[at] === 0),
      dead: ids.filter((_, at) => found[at] !== 0 && (died[at] ?? null) !== null),
    }
  }
  const { rows } = await store.pool.query<{ id: string; is_dead: boolean }>(
    `select id, state = 'failed' as is_dead from job where queue = $1 and id = any($2)`,
    [queue.name, ids],
  )
  const isDead = new Map(rows.map((row) => [row.id, row.is_dead]))
  return {
    gone: ids.filter((id) => !isDead.has(id)),
    dead: ids.filter((id) => isDead.get(id) === true),
  }
}
