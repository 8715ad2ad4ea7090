/** Lets so many in at once, and the others in the order in which they came. */
export interface WaitingLine {
  /** Resolves when there is a place; rejects when there was none for too long. */
  enter(): Promise<void>
  leave(): void
}

interface Waiting {
  readonly until: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Makes a line with `places`, in which nobody waits for longer than `patienceMs`. */
export function createWaitingLine(places: number, patienceMs: number): WaitingLine {
  const waiting: Waiting[] = []
  let inside = 0
  let timer: NodeJS.Timeout | undefined

  // All wait for the same time: the first one is the first whose time is over.
  const sendAway = (): void => {
    const now = performance.now()
    while (waiting[0] !== undefined && waiting[0].until <= now) {
      waiting.shift()?.reject(new Error('timeout expired: no connection was free'))
    }
    timer = waiting[0] && setTimeout(sendAway, Math.max(1, waiting[0].until - now))
  }
  return {
    enter: () => {
      if (inside < places) {
        inside += 1
        return Promise.resolve()
      }
      return new Promise((resolve, reject) => {
        waiting.push({ until: performance.now() + patienceMs, resolve, reject })
        timer ??= setTimeout(sendAway, patienceMs)
      })
    },
    leave: () => {
      const next = waiting.shift()
      // Its place goes on to the next one.
      if (next === undefined) inside -= 1
      else next.resolve()
      if (waiting.length > 0) return
      clearTimeout(timer)
      timer = undefined
    },
  }
}
