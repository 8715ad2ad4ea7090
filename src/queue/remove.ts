import type { Queue } from 'bullmq'

import { property } from '../job/property.ts'
import type { Store } from '../store/store.ts'
import { runRemoval } from './redis-removal.ts'
import type { RequestedJob } from './queues.ts'

/** Removes a job that nobody runs, whatever was asked for under its id. */
export async function removeJob(queue: Queue, id: string): Promise<boolean> {
  // On Redis BullMQ says that it removed what was not there.
  if ((await queue.getJobState(id)) === 'unknown') return false
  return (await queue.remove(id)) === 1
}

/**
 * Removes a job that nobody runs, if it is the one of this request. Comparing and removing are one
 * step of the store: the same id may be used again between two.
 */
export async function removeRequested(
  store: Store,
  queue: Queue,
  { id, digest }: RequestedJob,
): Promise<boolean> {
  if (store.kind === 'redis') {
    return (await runRemoval(store, queue.name, 'same', [{ id, digest }])) > 0
  }
  const { rowCount } = await store.pool.query(
    `delete from job where queue = $1 and id = $2 and state in ('waiting', 'delayed', 'failed')
       and data ->> 'digest' is not distinct from $3`,
    [queue.name, id, digest],
  )
  return (rowCount ?? 0) > 0
}

/**
 * Makes room for jobs: an old one under the same id would keep them from being added, when it is
 * dead or of another request. What runs stays, and so does the living job of the same request.
 */
export async function makeRoom(
  store: Store,
  queue: Queue,
  jobs: readonly RequestedJob[],
): Promise<void> {
  if (store.kind === 'redis') {
    await runRemoval(store, queue.name, 'other', jobs)
    return
  }
  const ids = jobs.map(({ id }) => id)
  const digests = jobs.map(({ digest }) => digest)
  await store.pool.query(
    `delete from job using unnest($2::text[], $3::text[]) as asked (id, digest)
     where job.queue = $1 and job.id = asked.id and (job.state = 'failed'
       or job.state in ('waiting', 'delayed') and job.data ->> 'digest' is distinct from asked.digest)`,
    [queue.name, ids, digests],
  )
}

/** The digest of the request that a job was made of; undefined when its data has none. */
export function digestIn(data: unknown): string | undefined {
  const digest = property(data, 'digest')
  return typeof digest === 'string' ? digest : undefined
}
