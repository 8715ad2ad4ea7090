import type { Queue } from 'bullmq'

import { stateOfJob } from './revive.ts'

/**
 * Changes when a delayed job is due, by the store's clock; false when it is not delayed.
 *
 * A time that is over makes it due at once, as any delayed job: `promote` of a single job would give
 * one that a worker has just taken to a second worker on Postgres.
 */
export async function delayUntil(queue: Queue, id: string, at: number): Promise<boolean> {
  const job = await queue.getJob(id)
  if (job === undefined) return false
  try {
    // BullMQ counts from the clock of this process, so that the sum is the time that was asked for.
    await job.changeDelay(Math.max(1, at - Date.now()))
    return true
  } catch (error) {
    // BullMQ's error has a text only: the state tells whether that was the reason.
    if ((await stateOfJob(queue, id)) === 'delayed') throw error
    return false
  }
}
