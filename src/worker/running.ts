/** Counts what runs, to know when nothing does. */
export interface Running {
  count<T>(run: () => Promise<T>): Promise<T>
  readonly now: number
  /** Resolves when nothing runs, or when `signal` aborts. */
  none(signal: AbortSignal): Promise<void>
}

/** Makes a counter; nothing runs at first. `onChange` is told how many run whenever that changes. */
export function createRunning(onChange: (now: number) => void): Running {
  const waiting = new Set<() => void>()
  let runs = 0
  return {
    get now() {
      return runs
    },
    count: async (run) => {
      runs += 1
      onChange(runs)
      try {
        return await run()
      } finally {
        runs -= 1
        onChange(runs)
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
