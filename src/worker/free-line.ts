/** What somebody has who was let in: a session that is free, or `spot`, the place behind a message. */
export interface Place<Spot> extends Disposable {
  readonly spot: Spot | undefined
}

/** A place behind a message, of which only the answer to its final dot is awaited. */
export interface Following {
  /** False when nobody can follow there any more. */
  take(): boolean
  /** Gives it back, unless it was used. */
  giveBack(): void
}

/** Who waits for a session that is free, in the order in which they came. */
export interface FreeLine<Spot extends Following = Following> {
  /** Whether somebody waited in vain, and none has been free since. */
  readonly isBehind: boolean
  /**
   * Waits until one is free, at most `withinMs` or until `signal` aborts: then there is none. It is kept
   * until it is disposed of, as soon as it counts as used.
   */
  wait(withinMs: number, signal: AbortSignal): Promise<Place<Spot> | undefined>
  /** Another number may be free now. */
  letIn(): void
  /** Offers the next who finds no free session to follow; the answer takes that back. */
  offer(spot: Spot): () => void
  /** Whether nobody waits any more. */
  readonly isClosed: boolean
  close(): void
}

/** Makes a line in which nobody waits; `free` tells how many sessions are not in use, less than none too. */
export function createFreeLine<Spot extends Following = Following>(
  free: () => number,
): FreeLine<Spot> {
  const waiting = new Set<Call<Spot>>()
  const offers = new Set<Spot>()
  let kept = 0
  let isBehind = false
  let isClosed = false
  const left = (): number => Math.max(0, free() - kept)
  const letIn = (): void => {
    // Asked of every delivery: nearly always nobody waits.
    if (!isBehind && waiting.size === 0) return
    if (left() > 0) isBehind = false
    for (const call of waiting) {
      const place = left() > 0 ? keep() : behind()
      if (place === undefined) return
      call(place)
    }
  }
  const keep = (): Place<Spot> => {
    kept += 1
    return placeOf<Spot>(undefined, () => {
      kept -= 1
      letIn()
    })
  }
  /** Where more are used than may be, the next one to end is not to be followed. */
  const behind = (): Place<Spot> | undefined => {
    for (const spot of free() < 0 ? [] : offers) {
      offers.delete(spot)
      if (spot.take()) return placeOf(spot, () => spot.giveBack())
    }
    return undefined
  }
  return {
    get isBehind() {
      return isBehind
    },
    get isClosed() {
      return isClosed
    },
    wait: async (withinMs, signal) => {
      if (isClosed) return undefined
      const isNext = waiting.size === 0
      if (isNext && left() > 0) return keep()
      const place = (isNext ? behind() : undefined) ?? (await turnIn(waiting, withinMs, signal))
      if (place === undefined && !signal.aborted) isBehind = true
      return place
    },
    letIn,
    offer: (spot) => {
      offers.add(spot)
      letIn()
      return () => void offers.delete(spot)
    },
    close: () => {
      isClosed = true
      for (const call of waiting) call(undefined)
    },
  }
}

/** Tells who waits what there is for him, or that there is nothing. */
type Call<Spot> = (place: Place<Spot> | undefined) => void

function placeOf<Spot>(spot: Spot | undefined, giveBack: () => void): Place<Spot> {
  let isKept = true
  return {
    spot,
    [Symbol.dispose]: () => {
      if (!isKept) return
      isKept = false
      giveBack()
    },
  }
}

/** Waits to be called, at most `withinMs` or until `signal` aborts; gives what there was. */
async function turnIn<Spot>(
  waiting: Set<Call<Spot>>,
  withinMs: number,
  signal: AbortSignal,
): Promise<Place<Spot> | undefined> {
  if (signal.aborted) return undefined
  const { promise, resolve } = Promise.withResolvers<Place<Spot> | undefined>()
  const call = (place: Place<Spot> | undefined): void => {
    waiting.delete(call)
    resolve(place)
  }
  // Who is called after that would keep a session that nobody takes.
  const giveUp = (): void => call(undefined)
  const timer = setTimeout(giveUp, withinMs)
  waiting.add(call)
  signal.addEventListener('abort', giveUp)
  const place = await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', giveUp)
  return place
}
