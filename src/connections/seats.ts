import type { ConnectionManager } from './connection-manager.ts'

/**
 * The sessions that one manager may have, for everything in this process that opens some: pools of
 * the manager as it was and as it is share them.
 */
export interface Seats {
  /** Those of sessions that are open, being opened or being closed. */
  readonly taken: number
  /** Another number may be allowed now: what is open beyond it and not used is closed. */
  look(): void
  /** A part in them, with none taken; `onLook` is called whenever some may be free, or too many taken. */
  join(onLook: () => void): SeatHolder
}

/** What one pool has of the seats. */
export interface SeatHolder {
  /** Whether more are taken than allowed, those aside that are being given back. */
  readonly isOver: boolean
  /** False when all are taken, by whomever. */
  take(): boolean
  giveBack(): void
  /** Says that one is given back soon; the answer gives it back. */
  leaveSoon(): () => void
  /** Resolves when this holder has none, or after `deadlineMs`. */
  untilNone(deadlineMs: number): Promise<void>
  /** Looks no more. */
  leave(): void
}

/** Makes seats; `allowed` says how many there are at the moment, and `onFree` hears of each given back. */
export function createSeats(allowed: () => number, onFree: () => void = () => {}): Seats {
  const holders = new Set<() => void>()
  let taken = 0
  let leaving = 0
  const tell = (): void => {
    for (const onLook of holders) onLook()
  }
  return {
    get taken() {
      return taken
    },
    look: tell,
    join: (onLook) => {
      const hear = (): void => onLook()
      const onNone = new Set<() => void>()
      let own = 0
      const giveBack = (): void => {
        own -= 1
        taken -= 1
        onFree()
        tell()
        if (own === 0) for (const done of onNone) done()
      }
      holders.add(hear)
      return {
        get isOver() {
          return taken - leaving > allowed()
        },
        take: () => {
          if (taken >= allowed()) return false
          own += 1
          taken += 1
          return true
        },
        giveBack,
        leaveSoon: () => {
          leaving += 1
          return () => {
            leaving -= 1
            giveBack()
          }
        },
        untilNone: (deadlineMs) => (own === 0 ? Promise.resolve() : untilOne(onNone, deadlineMs)),
        leave: () => void holders.delete(hear),
      }
    },
  }
}

/** Makes seats that belong to managers, by their names; `allowed` and `onFree` are told the name. */
export function createSeatsByManager(
  allowed: (manager: string) => number,
  onFree: (manager: string) => void,
): (manager: Pick<ConnectionManager, 'name'>) => Seats {
  const byName = new Map<string, Seats>()
  return ({ name }) => {
    const seats =
      byName.get(name) ??
      createSeats(
        () => allowed(name),
        () => onFree(name),
      )
    byName.set(name, seats)
    return seats
  }
}

/** A longer span would be over at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Resolves when one of `callbacks` is called for it, or after `deadlineMs`. */
function untilOne(callbacks: Set<() => void>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      callbacks.delete(done)
      resolve()
    }
    const timer = setTimeout(done, Math.min(deadlineMs, MAX_TIMER_MS)).unref()
    callbacks.add(done)
  })
}
