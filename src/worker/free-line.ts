/** Who waits for a session that is free, in the order in which they came. */
export interface FreeLine {
  /** Whether somebody waited in vain, and none has been free since. */
  readonly isBehind: boolean
  /** Waits until one is free, at most `withinMs` or until `signal` aborts; whether one is. */
  wait(withinMs: number, signal: AbortSignal): Promise<boolean>
  /** Another number may be free now. */
  letIn(): void
}

/** Makes a line in which nobody waits; `free` tells how many sessions are not in use. */
export function createFreeLine(free: () => number): FreeLine {
  const waiting = new Set<() => void>()
  let isBehind = false
  return {
    get isBehind() {
      return isBehind
    },
    wait: async (withinMs, signal) => {
      if (waiting.size === 0 && free() > 0) return true
      const isCalled = await turnIn(waiting, withinMs, signal)
      if (!isCalled && !signal.aborted) isBehind = true
      return isCalled
    },
    letIn: () => {
      // Asked of every delivery: nearly always nobody waits.
      if (!isBehind && waiting.size === 0) return
      const places = Math.max(0, free())
      if (places > 0) isBehind = false
      for (const call of [...waiting].slice(0, places)) call()
    },
  }
}

/** Waits to be called, at most `withinMs` or until `signal` aborts; whether it was. */
async function turnIn(
  waiting: Set<() => void>,
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return false
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const call = (): void => {
    waiting.delete(call)
    resolve(true)
  }
  const giveUp = (): void => resolve(false)
  const timer = setTimeout(giveUp, withinMs)
  waiting.add(call)
  signal.addEventListener('abort', giveUp)
  const isCalled = await promise
  clearTimeout(timer)
  waiting.delete(call)
  signal.removeEventListener('abort', giveUp)
  return isCalled
}
