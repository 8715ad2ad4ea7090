import type { Worker } from 'bullmq'

/** Why a worker takes no jobs; it takes when there is no reason left. */
export type Hold = 'starting' | 'parked' | 'no-concurrency' | 'breather' | 'faults' | 'stopped'

/** The one place that pauses and resumes a worker, so that no resume undoes another's pause. */
export interface Valve {
  isHeld(reason?: Hold): boolean
  /** Stops taking, synchronously. */
  hold(reason: Hold): void
  /** Takes again when nothing else holds, and when no job is on its way back. */
  release(...reasons: readonly Hold[]): Promise<void>
  /** Makes a worker that waits for a slow job look for more: BullMQ's loop sleeps on it. */
  nudge(): Promise<void>
  /** Takes over a worker that is ready, and opens. */
  use(worker: Worker): Promise<void>
}

/** Makes a closed valve. `idle` resolves when no job is on its way back to the queue. */
export function createValve(idle: () => Promise<void>, report: (error: unknown) => void): Valve {
  const holds = new Set<Hold>(['starting'])
  let worker: Worker | undefined
  let last: Promise<void> = Promise.resolve()

  function pause(): void {
    // Sets the flag before it returns; only running jobs and a blocked fetch go on.
    void worker?.pause(true).catch(report)
  }

  async function open(): Promise<void> {
    await idle()
    // Sets the flag before its first wait, so that a later hold is not undone.
    if (holds.size === 0) await worker?.resume()
  }

  function reconcile(): Promise<void> {
    last = last.then(open).catch(report)
    return last
  }

  return {
    isHeld: (reason) => (reason === undefined ? holds.size > 0 : holds.has(reason)),
    hold(reason) {
      holds.add(reason)
      pause()
    },
    release(...reasons) {
      for (const reason of reasons) holds.delete(reason)
      return reconcile()
    },
    nudge() {
      pause()
      return reconcile()
    },
    use(ready) {
      worker = ready
      const run = ready.run.bind(ready)
      // BullMQ runs it from `resume` and lets nobody hear how that ended. A loop that ended in the
      // moment it was resumed has to be started again.
      ready.run = () =>
        run()
          .catch(report)
          .then(() => void reconcile())
      if (holds.size > 1) pause()
      return this.release('starting')
    },
  }
}
