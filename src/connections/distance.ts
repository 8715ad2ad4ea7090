/** How long an answer took. */
export interface Trip {
  readonly ms: number
  /** For how much of it this process had nothing to do: a busy one hears late of what came soon. */
  readonly idleMs: number
}

/** How far a server is, judged by its last answers. */
export interface Distance {
  readonly isFar: boolean
  learn(trip: Trip): void
}

/** For how long this process has had nothing to do since it began, in milliseconds. */
export function idleMs(): number {
  return performance.nodeTiming.idleTime
}

/** What has passed since a moment on the clock of `performance`, at which `idleMs` was `idleAt`. */
export function tripSince(at: number, idleAt: number): Trip {
  return { ms: performance.now() - at, idleMs: idleMs() - idleAt }
}

/** Nearer servers answer before the next message could be ready. */
const FAR_MS = 10
/** So many answers tell how far it is; after `LOOKS` of them the older ones count no more. */
const FIRST_LOOKS = 10
const LOOKS = 64

interface Looks {
  count: number
  /** Of them all: no answer comes sooner than the way is long. */
  leastMs: number
  /** For how many this process had nothing to do for as long as a long way takes. */
  waited: number
}

/** Knows nothing at first, and then it is near. */
export function createDistance(): Distance {
  let older = noLooks()
  let newer = noLooks()
  return {
    get isFar() {
      const count = older.count + newer.count
      const leastMs = Math.min(older.leastMs, newer.leastMs)
      return count >= FIRST_LOOKS && leastMs >= FAR_MS && (older.waited + newer.waited) * 2 > count
    },
    learn: (trip) => {
      newer.count += 1
      newer.leastMs = Math.min(newer.leastMs, trip.ms)
      if (trip.idleMs >= FAR_MS) newer.waited += 1
      if (newer.count < LOOKS) return
      older = newer
      newer = noLooks()
    },
  }
}

function noLooks(): Looks {
  return { count: 0, leastMs: Infinity, waited: 0 }
}
