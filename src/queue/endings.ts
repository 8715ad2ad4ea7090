import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq'
import type { Job, JobsOptions, WorkerOptions } from 'bullmq'

import type { Ending, QueuePriority } from './queues.ts'

// This file is the one place that knows what our endings are in BullMQ.

/**
 * Every job has a priority, because only then do both stores put a returned one at its head, and a
 * deferred one back into its class. Far apart, so that the head of a class has room before it.
 */
const PRIORITIES: Readonly<Record<QueuePriority, number>> = { high: 1000, normal: 2000, low: 3000 }

/** The numbers of the priorities, those first that come first. */
export const CLASSES: readonly number[] = Object.values(PRIORITIES)

/** A job never runs out of attempts by itself: giving up is the mail domain's decision. */
export function jobOptions(
  id: string,
  priority: QueuePriority = 'normal',
  delayMs = 0,
): JobsOptions {
  return {
    jobId: id,
    priority: PRIORITIES[priority],
    ...(delayMs > 0 && { delay: Math.ceil(delayMs) }),
    attempts: 1e9,
    // Without a type BullMQ does not ask the strategy and runs the job again at once.
    backoff: { type: 'custom' },
    // Else one stack trace is kept for every attempt.
    stackTraceLimit: 1,
    removeOnComplete: true,
    removeOnFail: false,
  }
}

/** What all workers have in common, for the endings to hold. */
export const WORKER_OPTIONS = {
  autorun: false,
  // Stalls count for the life of a job; poison is counted in the ledger.
  maxStalledCount: 1e6,
  // Its consumer looks, by the store's clock.
  skipStalledCheck: true,
  runRetryDelay: 500,
  settings: { backoffStrategy: (attempts: number) => backoffMs(attempts) },
} satisfies Omit<WorkerOptions, 'connection'>

const FIRST_BACKOFF_MS = 1000
const LAST_BACKOFF_MS = 300_000

/** How long a job waits after its n-th unexpected error: a second, doubled up to five minutes. */
function backoffMs(attempts: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(attempts - 1, 20), LAST_BACKOFF_MS)
}

/** What ending a job needs from its consumer. */
export interface EndingContext {
  /** Puts the job back to its place; resolves when that is done. */
  readonly handBack: () => Promise<void>
  /** Repeats `step` while the store is down; rejects when the job is not ours any more. */
  readonly persist: (step: () => Promise<void>) => Promise<void>
  /** The store's clock, in milliseconds since 1970: a job is due by it, whoever looks. */
  readonly now: () => number
}

/**
 * Ends a job in BullMQ's way: a processor that returns has completed its job, and the errors that it
 * throws say everything else.
 */
export async function endJob(
  job: Job,
  token: string,
  ending: Ending,
  { handBack, persist, now }: EndingContext,
): Promise<void> {
  switch (ending.kind) {
    case 'done':
      return
    case 'dead':
      throw new UnrecoverableError(ending.reason)
    case 'later': {
      const { id = '' } = job
      const delayMs = Math.ceil(ending.delayMs)
      // The job's own `moveToDelayed` counts from the clock of this process, which may be hours off.
      const backend = job['backend']
      await persist(async () => {
        await backend.moveToDelayed(id, Math.round(now()), delayMs, token, { skipAttempt: true })
      })
      throw new DelayedError()
    }
    case 'back':
      await handBack()
      throw new WaitingError()
  }
}

/** Ends a job that is not ours any more: BullMQ goes on to the next and leaves this one alone. */
export function abandonJob(): never {
  throw new WaitingError()
}
