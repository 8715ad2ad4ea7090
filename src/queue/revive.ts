import type { Queue } from 'bullmq'

import type { Store } from '../store/store.ts'
import { promoteJob } from './promote.ts'
import type { JobState } from './queues.ts'
import { digestIn } from './remove.ts'

/** BullMQ's states in our words; a job that has completed is gone. */
const STATES: ReadonlyMap<string, JobState> = new Map([
  ['wait', 'waiting'],
  ['waiting', 'waiting'],
  ['prioritized', 'waiting'],
  ['active', 'active'],
  ['delayed', 'delayed'],
  ['failed', 'dead'],
])

/** Where a job stands; undefined when it is not there. */
export async function stateOfJob(queue: Queue, id: string): Promise<JobState | undefined> {
  return STATES.get(await queue.getJobState(id))
}

/**
 * Has a dead or delayed job taken as soon as its turn comes; false when it is neither, or of another
 * request than the one with this digest.
 */
export async function wakeJob(
  store: Store,
  queue: Queue,
  id: string,
  digest?: string,
): Promise<boolean> {
  if (await reviveJob(queue, id, digest)) return true
  const job = await queue.getJob(id)
  if (job === undefined || (digest !== undefined && digestIn(job.data) !== digest)) return false
  return (await stateOfJob(queue, id)) === 'delayed' && promoteJob(store, queue, job)
}

/**
 * Puts a dead job back among the waiting ones of its priority; false when it is not dead, or of
 * another request than the one with this digest.
 *
 * One step of the store, so that no crash can lose the job: removing it and adding it again would
 * be two. It is the single job's own command; the queue's `retryJobs` would take all of them.
 */
export async function reviveJob(queue: Queue, id: string, digest?: string): Promise<boolean> {
  const job = await queue.getJob(id)
  if (job === undefined) return false
  if (digest !== undefined && digestIn(job.data) !== digest) return false
  try {
    await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true })
    return true
  } catch (error) {
    // BullMQ's error has a text only: the state tells whether that was the reason.
    if ((await stateOfJob(queue, id)) === 'dead') throw error
    return false
  }
}
