import type { Job } from 'bullmq'

/** One job while its handler runs and until its ending is with BullMQ. */
export interface Run {
  readonly job: Job
  readonly token: string
  /** Counts up in the order in which jobs were taken. */
  readonly takenAs: number
  readonly controller: AbortController
}

/** The jobs that a consumer runs now. */
export interface RunningJobs {
  readonly size: number
  start(job: Job, token: string): Run
  end(run: Run): void
  /** Aborts the signal of one job, or of all. */
  abort(reason: Error, id?: string): void
  /** Resolves when none runs: true; or when the time is over: false. */
  settled(withinMs: number): Promise<boolean>
}

export function createRunningJobs(): RunningJobs {
  const runs = new Set<Run>()
  const waiters = new Set<() => void>()
  let taken = 0

  return {
    get size() {
      return runs.size
    },
    start(job, token) {
      taken += 1
      const run = { job, token, takenAs: taken, controller: new AbortController() }
      runs.add(run)
      return run
    },
    end(run) {
      runs.delete(run)
      if (runs.size === 0) for (const wake of waiters) wake()
    },
    abort(reason, id) {
      for (const { job, controller } of runs) {
        if (id === undefined || job.id === id) controller.abort(reason)
      }
    },
    async settled(withinMs) {
      if (runs.size === 0) return true
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const wake = (): void => resolve(true)
      const timer = setTimeout(() => resolve(false), withinMs)
      waiters.add(wake)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        waiters.delete(wake)
      }
    },
  }
}
