/** How many may be inside at once; the others wait in the order in which they came. */
export interface Places {
  /** Waits for a place, until `signal` aborts: then there is none. Disposing of it lets the next in. */
  enter(signal: AbortSignal): Promise<Disposable | undefined>
}

/** Makes as many places as `max` says at each time. */
export function createPlaces(max: () => number): Places {
  const waiting: (() => void)[] = []
  let taken = 0
  const admit = (): void => {
    while (taken < max() && waiting.length > 0) {
      taken += 1
      waiting.shift()?.()
    }
  }
  const leave = (): void => {
    taken -= 1
    admit()
  }
  return {
    enter: async (signal) => {
      if (signal.aborted) return undefined
      if (taken < max() && waiting.length === 0) taken += 1
      else if (!(await turnOf(waiting, signal))) return undefined
      return { [Symbol.dispose]: leave }
    },
  }
}

/** Waits at the end of the line; false when `signal` came first. */
function turnOf(waiting: (() => void)[], signal: AbortSignal): Promise<boolean> {
  const turn = Promise.withResolvers<boolean>()
  const goAway = (): void => {
    waiting.splice(waiting.indexOf(comeIn), 1)
    turn.resolve(false)
  }
  const comeIn = (): void => {
    signal.removeEventListener('abort', goAway)
    turn.resolve(true)
  }
  waiting.push(comeIn)
  signal.addEventListener('abort', goAway, { once: true })
  return turn.promise
}
