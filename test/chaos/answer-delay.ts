/** How long the answers to messages take. */
export interface AnswerDelay {
  /** From now on, also for those that wait already: they may be due at once. */
  set(ms: number): void
  wait(): Promise<void>
}

export function createAnswerDelay(): AnswerDelay {
  const waiting = new Set<() => void>()
  let delayMs = 0
  return {
    set: (ms) => {
      delayMs = ms
      for (const look of waiting) look()
    },
    wait: async () => {
      const since = performance.now()
      for (let left = delayMs; left > 0; left = delayMs - (performance.now() - since)) {
        const look = Promise.withResolvers<void>()
        const timer = setTimeout(look.resolve, left)
        waiting.add(look.resolve)
        await look.promise
        clearTimeout(timer)
        waiting.delete(look.resolve)
      }
    },
  }
}
