import type { Job, Queue } from 'bullmq'

import type { Store } from '../store/store.ts'

/** Where the SQL of BullMQ tells its workers of new jobs. */
const NOTICES = 'bullmq_jobs'

/**
 * Has a delayed job wait at once, behind its like; false when it is not delayed any more.
 *
 * On Postgres BullMQ's own `promote` looks at the state before it has the row: a job that a worker
 * takes in between would wait again, and go to a second worker.
 */
export async function promoteJob(store: Store, queue: Queue, job: Job): Promise<boolean> {
  if (store.kind === 'redis') return promoteOnRedis(job)
  const { rowCount } = await store.pool.query(
    `with promoted as (
       update job set state = 'waiting', process_at_ms = null, delay_ms = 0, seq = nextval('job_seq')
       where queue = $1 and id = $2 and state = 'delayed'
       returning id
     )
     select pg_notify($3, $1),
       publish_event($1, 'waiting', jsonb_build_object('jobId', id, 'prev', 'delayed'))
     from promoted`,
    [queue.name, job.id, NOTICES],
  )
  return (rowCount ?? 0) > 0
}

async function promoteOnRedis(job: Job): Promise<boolean> {
  try {
    await job.promote()
    return true
  } catch (error) {
    // BullMQ's error has a text only: the state tells whether that was the reason.
    if ((await job.getState()) === 'delayed') throw error
    return false
  }
}
