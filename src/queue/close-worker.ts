import type { Worker } from 'bullmq'

const PATIENCE_MS = 3000

/**
 * Closes a worker that takes no jobs any more. A store that is down does not hold it up: after three
 * seconds, or at once while jobs still run, its connections are torn down and its jobs left to the
 * stalled check of other workers.
 */
export async function closeWorker(worker: Worker, hasRunningJobs: boolean): Promise<void> {
  const closed = worker.close(hasRunningJobs).catch(() => undefined)
  if (await endsWithin(closed, PATIENCE_MS)) return
  const backend = worker.getBackend()
  const torn = Promise.allSettled([
    // Protected, but what keeps renewing locks, and so the process alive.
    worker['lockManager'].close(),
    backend.disconnectBlocking(false),
    backend.close(true),
  ])
  await endsWithin(torn, PATIENCE_MS)
}

async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  try {
    return await Promise.race([work.then(() => true), promise])
  } finally {
    clearTimeout(timer)
  }
}
