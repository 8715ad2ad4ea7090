import { randomUUID } from 'node:crypto'

import { UnrecoverableError } from 'bullmq'
import type { Job, Queue, Worker } from 'bullmq'

import type { Store } from '../store/store.ts'
import type { Bull } from './bull.ts'
import { closeWorker } from './close-worker.ts'
import { promoteJob } from './promote.ts'
import type { DeadJob } from './queues.ts'

const SETTINGS = { concurrency: 1, lockDuration: 60_000, stalledInterval: 30_000 }

/** Before every other job: ours begin at 1,000. */
const FIRST = 1

/**
 * Ends jobs that wait or are delayed as dead, in the way of a worker that took them: only a taken
 * job can fail. Says which of them are dead now; the others were taken or removed meanwhile, or
 * their queue is paused.
 */
export async function buryJobs(
  store: Store,
  bull: Bull,
  queue: Queue,
  jobs: readonly DeadJob[],
): Promise<readonly string[]> {
  // Nobody can take a job of a paused queue, and it would stay where it was brought forward to.
  if (jobs.length === 0 || (await queue.isPaused())) return []
  const worker = bull.openWorker(queue.name, () => Promise.resolve(), SETTINGS)
  worker.on('error', () => undefined)
  const buried: string[] = []
  try {
    await worker.waitUntilReady()
    for (const { id, reason } of jobs) {
      if (await bury(id, reason, { store, worker, queue })) buried.push(id)
    }
    return buried
  } finally {
    await closeWorker(worker, false)
  }
}

interface Grave {
  readonly store: Store
  readonly worker: Worker
  readonly queue: Queue
}

async function bury(id: string, reason: string, { store, worker, queue }: Grave): Promise<boolean> {
  const job = await queue.getJob(id)
  if (job === undefined) return false
  // As it was added: a try that did not come to its end may have left the job in front.
  const { priority = 0 } = job.opts
  const token = randomUUID()
  if (!(await bringForward(store, queue, job))) return false
  const taken = await worker.getNextJob(token, { block: false })
  if (taken?.id !== id) await putBack(job, priority)
  if (taken === undefined) return false
  if (taken.id !== id) {
    await taken.moveToWait(token)
    return false
  }
  // A person may revive it: then it goes back among its like.
  await taken.changePriority({ priority })
  await taken.moveToFailed(new UnrecoverableError(reason), token)
  return true
}

/** Gives a job its priority again; it may be gone meanwhile. */
async function putBack(job: Job, priority: number): Promise<void> {
  try {
    await job.changePriority({ priority })
  } catch (error) {
    if ((await job.getState()) !== 'unknown') throw error
  }
}

/** Makes a job the first one of its queue; false when somebody else has it. */
async function bringForward(store: Store, queue: Queue, job: Job): Promise<boolean> {
  const state = await job.getState()
  if (state === 'delayed') {
    if (!(await promoteJob(store, queue, job))) return false
  } else if (state !== 'prioritized') return false
  await job.changePriority({ priority: FIRST })
  return true
}
