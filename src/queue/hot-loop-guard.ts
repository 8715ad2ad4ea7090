/** Stops a worker whose store answers with errors, which BullMQ would ask again without a pause. */
export interface HotLoopGuard {
  readonly isTripped: boolean
  /** Counts a fault. */
  fault(): void
  /** Something went well. */
  success(): void
  close(): void
}

const FAULTS_IN_A_SECOND = 5
const FIRST_PAUSE_MS = 1000
const LAST_PAUSE_MS = 30_000

/**
 * Makes a guard that trips at the fifth fault within a second. It stays tripped for a second, after
 * every further trip for twice as long, at most 30 s. `onChange` is called whenever it trips or recovers.
 */
export function createHotLoopGuard(onChange: () => void): HotLoopGuard {
  let faults = 0
  let since = -Infinity
  let pauseMs = FIRST_PAUSE_MS
  let timer: NodeJS.Timeout | undefined

  function trip(): void {
    timer = setTimeout(() => {
      timer = undefined
      faults = 0
      onChange()
    }, pauseMs)
    pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)
    onChange()
  }

  return {
    get isTripped() {
      return timer !== undefined
    },
    fault() {
      const now = performance.now()
      if (now - since > 1000) {
        since = now
        faults = 0
      }
      faults += 1
      if (faults >= FAULTS_IN_A_SECOND && timer === undefined) trip()
    },
    success() {
      pauseMs = FIRST_PAUSE_MS
    },
    close() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
