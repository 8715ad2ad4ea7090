import type { Worker } from 'bullmq'

export interface StalledCheckOptions {
  /** Undefined until it is ready. */
  readonly worker: () => Worker | undefined
  readonly everyMs: number
  /** Whether the clock of this process is so wrong that it cannot tell a live job from an abandoned one. */
  readonly isClockOff: () => boolean
  readonly onFault: (error: unknown) => void
}

/** Goes on until it is disposed of. */
export interface StalledCheck extends Disposable {
  /** Looks now; the next look comes when it would have come. */
  readonly look: () => Promise<void>
}

/**
 * Looks for jobs of workers that died, also while nothing is taken: every worker of a name may be held.
 * BullMQ's own check stops with its worker, and trusts the clock.
 *
 * On Postgres a lock ends by the clock of whoever looks. One that is ahead would take their jobs away
 * from all workers, and put off everybody's next look by as much.
 */
export function checkStalled(options: StalledCheckOptions): StalledCheck {
  const { worker, everyMs, isClockOff, onFault } = options
  let isLooking = false
  const look = async (): Promise<void> => {
    const ready = worker()
    if (ready === undefined || isLooking || isClockOff()) return
    isLooking = true
    // Reads the clock before its first wait.
    await ready.getBackend().moveStalledJobsToWait().catch(onFault)
    isLooking = false
  }
  const timer = setInterval(() => void look(), everyMs).unref()
  return { look, [Symbol.dispose]: () => clearInterval(timer) }
}
