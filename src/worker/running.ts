/** Counts what runs, to know when nothing does. */
export interface Running {
  count<T>(run: () => Promise<T>): Promise<T>
  /** Resolves when nothing runs, or when `signal` aborts. */
  none(signal: AbortSignal): Promise<void>
}

/** Makes a counter; nothing runs at first. */
export function createRunning(): Running {
  const waiting = new Set<() => void>()
  let runs = 0
  return {
    count: async (run) => {
      runs += 1
      try {
        return await run()
      } finally {
        runs -= 1
        if (runs === 0) for (const tell of waiting) tell()
      }
    },
    none: (signal) => {
      if (runs === 0 || signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const tell = (): void => {
          waiting.delete(tell)
          signal.removeEventListener('abort', tell)
          resolve()
        }
        waiting.add(tell)
        signal.addEventListener('abort', tell)
      })
    },
  }
}
