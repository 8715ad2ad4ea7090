/** Jobs on their way back to their places, collected so that they return in the right order. */
export interface HandBack<T> {
  /** Hands one back; resolves when it is back, or when that failed for good. */
  add(job: T): Promise<void>
  /** A running job came to an end: perhaps nobody is left to wait for. */
  check(): void
  /** Resolves when nothing is on its way back. */
  idle(): Promise<void>
}

export interface HandBackOptions<T> {
  /** How many jobs still run, and so may come back as well. */
  readonly stillRunning: () => number
  /** When the job was taken, relative to others: higher is newer. */
  readonly takenAs: (job: T) => number
  /** Puts jobs back, given newest first: each goes to the head of its queue. Never rejects. */
  readonly putBack: (jobs: readonly T[]) => Promise<void>
}

/** A slow job is not waited for: the others go back without it. */
const PATIENCE_MS = 1000

/**
 * Makes a collector. A batch goes back when no other job runs, or after a second.
 */
export function createHandBack<T>(options: HandBackOptions<T>): HandBack<T> {
  let batch: { readonly jobs: T[]; readonly done: PromiseWithResolvers<void> } | undefined
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> = Promise.resolve()

  function flush(): void {
    if (batch === undefined) return
    clearTimeout(timer)
    const { jobs, done } = batch
    batch = undefined
    const newestFirst = jobs.toSorted((a, b) => options.takenAs(b) - options.takenAs(a))
    last = last.then(() => options.putBack(newestFirst)).finally(done.resolve)
  }

  return {
    async add(job) {
      if (batch === undefined) {
        batch = { jobs: [], done: Promise.withResolvers() }
        timer = setTimeout(flush, PATIENCE_MS)
      }
      const { jobs, done } = batch
      jobs.push(job)
      if (options.stillRunning() === 0) flush()
      await done.promise
    },
    check() {
      if (options.stillRunning() === 0) flush()
    },
    async idle() {
      for (;;) {
        const pending = batch?.done.promise
        if (pending === undefined) break
        await pending
      }
      await last
    },
  }
}
