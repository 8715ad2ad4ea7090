import type { Queue } from 'bullmq'

import { StoreUnreachableError } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import { createBull } from './bull.ts'
import { buryJobs } from './bury.ts'
import { startConsumer } from './consumer.ts'
import { delayUntil } from './delay-until.ts'
import { jobOptions } from './endings.ts'
import { HastyStoreError } from './errors.ts'
import { headsOf, pageOf, strayOf } from './look.ts'
import { prepareQueueTables } from './migrate.ts'
import type { Depth, NewJob, Queues } from './queues.ts'
import { makeRoom, removeJob, removeRequested } from './remove.ts'
import { reviveJob, stateOfJob, wakeJob } from './revive.ts'

export interface OpenQueues extends Queues, AsyncDisposable {
  /** BullMQ's own object for a name, for dashboards; closed with the rest. */
  raw(name: string): Queue
}

/** What BullMQ calls every job; dashboards show it. */
const JOB_NAME = 'send-mail'

/**
 * Opens the queues of a store. The store stays its owner's.
 *
 * Throws `StoreNotMigratedError` and `StoreRefusedError` on Postgres; a store that is down is no
 * reason to fail.
 */
export async function openQueues(store: Store): Promise<OpenQueues> {
  if (store.kind === 'postgres') {
    prepareQueueTables(store)
    await store.ping().catch((error: unknown) => {
      if (!(error instanceof StoreUnreachableError)) throw error
    })
  }
  const bull = createBull(store)
  const queues = new Map<string, Queue>()

  function queueOf(name: string): Queue {
    const known = queues.get(name)
    if (known !== undefined) return known
    const queue = bull.openQueue(bull.nameOf(name))
    // Commands reject by themselves, and the store tells its owner of lost connections.
    queue.on('error', () => undefined)
    queues.set(name, queue)
    return queue
  }

  async function close(): Promise<void> {
    const all = [...queues.values()]
    queues.clear()
    await Promise.all(all.map((queue) => queue.close().catch(() => undefined)))
  }

  return {
    add: (name, jobs) => addJobs(queueOf(name), jobs),
    depth: (name) => depthOf(queueOf(name)),
    remove: (name, id) => removeJob(queueOf(name), id),
    removeRequested: (name, job) => removeRequested(store, queueOf(name), job),
    makeRoom: (name, jobs) => makeRoom(store, queueOf(name), jobs),
    async read(name, id) {
      const job = await queueOf(name).getJob(id)
      return job?.data as unknown
    },
    stateOf: (name, id) => stateOfJob(queueOf(name), id),
    revive: (name, id, digest) => reviveJob(queueOf(name), id, digest),
    wake: (name, id, digest) => wakeJob(store, queueOf(name), id, digest),
    delayUntil: (name, id, at) => delayUntil(queueOf(name), id, at),
    page: (name, state, offset, limit) => pageOf(queueOf(name), state, offset, limit),
    heads: (name) => headsOf(store, queueOf(name)),
    findStray: (name, ids) => strayOf(store, queueOf(name), ids),
    bury: (name, jobs) => buryJobs(store, bull, queueOf(name), jobs),
    pause: (name) => queueOf(name).pause(),
    resume: (name) => queueOf(name).resume(),
    isPaused: (name) => queueOf(name).isPaused(),
    consume(name, handler, options) {
      if (store.patience === 'fail-fast') {
        return Promise.reject(new HastyStoreError(store.location))
      }
      // Writes the queue's settings, so that its stream of events stays short.
      queueOf(name)
      return Promise.resolve(startConsumer(bull, store.location, name, handler, options))
    },
    raw: queueOf,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function addJobs(queue: Queue, jobs: readonly NewJob[]): Promise<void> {
  const [first] = jobs
  if (first === undefined) return
  if (jobs.length === 1) {
    await queue.add(JOB_NAME, first.data, jobOptions(first.id, first.priority, first.delayMs))
    return
  }
  await queue.addBulk(
    jobs.map(({ id, data, priority, delayMs }) => ({
      name: JOB_NAME,
      data,
      opts: jobOptions(id, priority, delayMs),
    })),
  )
}

async function depthOf(queue: Queue): Promise<Depth> {
  // Ours wait as `prioritized`, which also holds while the queue is paused.
  const counts = await queue.getJobCounts('wait', 'prioritized', 'active', 'delayed', 'failed')
  const count = (state: string): number => counts[state] ?? 0
  return {
    waiting: count('wait') + count('prioritized'),
    active: count('active'),
    delayed: count('delayed'),
    dead: count('failed'),
  }
}
