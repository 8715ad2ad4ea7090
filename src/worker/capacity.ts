import type { LeaseHolder, Leases } from '../fleet/lease.ts'
import { createFreeLine, type Place } from './free-line.ts'
import type { Spot } from './spot.ts'

/** Why a worker uses no sessions of a manager although some are free. */
export type Hold = 'clock' | 'pause' | 'rate' | 'spare'

/** How many sessions of one manager this worker may use now. */
export interface Capacity {
  readonly sessions: number
  /** Tells how many deliveries run now. */
  load(running: number): void
  /** The server took no more than `open` sessions: no more are tried for a minute. */
  crowded(open: number): void
  /** The manager allows another number of sessions from now on. */
  resize(max: number): void
  /** While held for any reason there are none. */
  hold(reason: Hold, isHeld: boolean): void
  /** Whether somebody waited in vain for a free one, and none has been free since. */
  readonly isBehind: boolean
  /**
   * Waits until one is free, at most `withinMs` or until `signal` aborts: then there is none. It is kept
   * until it is disposed of, as soon as its delivery runs.
   */
  free(withinMs: number, signal: AbortSignal): Promise<Place<Spot> | undefined>
  /** Lets the next who finds none free follow a message; the answer takes that back. */
  offer(spot: Spot): () => void
  /** Whether nobody waits for a free one any more. */
  readonly isClosed: boolean
  turnAway(): void
  /** Gives all but `sessions` back to others, and takes no more. */
  keep(sessions: number): void
  close(): void
}

const CROWDED_MS = 60_000

/** Leases the sessions of `manager`, held by `holds` at first. */
export function leaseCapacity(
  leases: Leases,
  manager: string,
  max: number,
  holds: readonly Hold[],
  { onChange, onLost }: LeaseHolder,
): Capacity {
  const held = new Set(holds)
  let running = 0
  const tell = (): void => {
    onChange()
    line.letIn()
  }
  const ceiling = createCeiling(max, tell)
  const line = createFreeLine<Spot>(() => usable() - running)
  const lease = leases.lease(manager, max, { onChange: tell, onLost })
  lease.hold(held.size > 0)
  const usable = (): number => (held.size > 0 ? 0 : Math.min(lease.sessions, ceiling.now))

  return {
    get sessions() {
      return usable()
    },
    get isBehind() {
      return line.isBehind
    },
    get isClosed() {
      return line.isClosed
    },
    free: (withinMs, signal) => line.wait(withinMs, signal),
    offer: (spot) => line.offer(spot),
    turnAway: () => line.close(),
    load: (now) => {
      running = now
      lease.load(now)
      line.letIn()
    },
    crowded: (open) => ceiling.lower(open),
    resize: (size) => {
      if (size === ceiling.most) return
      ceiling.reset(size)
      lease.resize(size)
      tell()
    },
    hold: (reason, isHeld) => {
      if (isHeld) held.add(reason)
      else held.delete(reason)
      // A wait for the next slot is short: its sessions are needed again before others could use them.
      lease.hold(held.has('clock') || held.has('pause') || held.has('spare'))
      tell()
    },
    keep: (sessions) => lease.keep(sessions),
    close: () => {
      ceiling.reset(ceiling.most)
      lease.release()
    },
  }
}

/** How many sessions the server takes, as far as it is known. */
interface Ceiling {
  readonly now: number
  /** When nothing else is known. */
  readonly most: number
  /** For a minute no more than `open`. */
  lower(open: number): void
  /** As many as `most` at once, of which nobody is told. */
  reset(most: number): void
}

function createCeiling(max: number, onChange: () => void): Ceiling {
  let most = max
  let now = max
  let timer: NodeJS.Timeout | undefined
  return {
    get now() {
      return now
    },
    get most() {
      return most
    },
    lower: (open) => {
      now = Math.max(1, Math.min(now, open))
      clearTimeout(timer)
      timer = setTimeout(() => {
        now = most
        onChange()
      }, CROWDED_MS)
      timer.unref()
      onChange()
    },
    reset: (size) => {
      clearTimeout(timer)
      most = size
      now = size
    },
  }
}
