/** Who waits for a session that is free, in the order in which they came. */
export interface FreeLine {
  /** Whether somebody waited in vain, and none has been free since. */
  readonly isBehind: boolean
  /**
   * Waits until one is free, at most `withinMs` or until `signal` aborts: then there is none. It is kept
   * until it is disposed of, as soon as it counts as used.
   */
  wait(withinMs: number, signal: AbortSignal): Promise<Disposable | undefined>
  /** Another number may be free now. */
  letIn(): void
}

/** Makes a line in which nobody waits; `free` tells how many sessions are not in use. */
export function createFreeLine(free: () => number): FreeLine {
  const waiting = new Set<() => void>()
  let kept = 0
  let isBehind = false
  const left = (): number => Math.max(0, free() - kept)
  const letIn = (): void => {
    // Asked of every delivery: nearly always nobody waits.
    if (!isBehind && waiting.size === 0) return
    const places = left()
    if (places > 0) isBehind = false
    for (const call of [...waiting].slice(0, places)) call()
  }
  const keep = (): Disposable => {
    kept += 1
    let isKept = true
    return {
      [Symbol.dispose]: () => {
        if (!isKept) return
        isKept = false
        kept -= 1
        letIn()
      },
    }
  }
  return {
    get isBehind() {
      return isBehind
    },
    wait: async (withinMs, signal) => {
      if (waiting.size === 0 && left() > 0) return keep()
      const place = await turnIn(waiting, keep, withinMs, signal)
      if (place === undefined && !signal.aborted) isBehind = true
      return place
    },
    letIn,
  }
}

/** Waits to be called, at most `withinMs` or until `signal` aborts; gives what is kept for who was. */
async function turnIn(
  waiting: Set<() => void>,
  keep: () => Disposable,
  withinMs: number,
  signal: AbortSignal,
): Promise<Disposable | undefined> {
  if (signal.aborted) return undefined
  const { promise, resolve } = Promise.withResolvers<Disposable | undefined>()
  const call = (): void => {
    waiting.delete(call)
    resolve(keep())
  }
  // Who is called after that would keep a session that nobody takes.
  const giveUp = (): void => {
    waiting.delete(call)
    resolve(undefined)
  }
  const timer = setTimeout(giveUp, withinMs)
  waiting.add(call)
  signal.addEventListener('abort', giveUp)
  const place = await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', giveUp)
  return place
}
