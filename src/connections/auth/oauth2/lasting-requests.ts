/**
 * Requests whose answer nobody gets again. Disposing of them waits for those that have begun, and lets
 * none begin any more.
 */
export interface LastingRequests extends AsyncDisposable {
  /** Runs `task`, to the end; rejects when none may begin any more. */
  readonly run: <Result>(task: () => Promise<Result>) => Promise<Result>
}

/** Makes them, with none yet. */
export function createLastingRequests(): LastingRequests {
  const running = new Set<Promise<unknown>>()
  let isClosed = false
  return {
    run: async (task) => {
      if (isClosed) throw new Error('there is nobody to keep the answer')
      const request = task()
      running.add(request)
      try {
        return await request
      } finally {
        running.delete(request)
      }
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      await Promise.allSettled(running)
    },
  }
}
