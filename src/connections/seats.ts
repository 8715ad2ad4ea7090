import type { ConnectionManager } from './connection-manager.ts'

/**
 * The sessions that one manager allows, for everything in this process that opens some: pools of the
 * manager as it was and as it is share them.
 */
export interface Seats {
  /** Allows another number from now on; what is open beyond it may go on. */
  resize(max: number): void
  /** A part in them, with none taken; `onFree` is called whenever some may be free. */
  join(onFree: () => void): SeatHolder
}

/** What one pool has of the seats. */
export interface SeatHolder {
  readonly taken: number
  /** False when all are taken, by whomever. */
  take(): boolean
  giveBack(): void
  /** Resolves when this holder has none, or after `deadlineMs`. */
  untilNone(deadlineMs: number): Promise<void>
  /** Hears of free ones no more. */
  leave(): void
}

/** Makes seats for at most `max` sessions at a time. */
export function createSeats(max: number): Seats {
  const holders = new Set<() => void>()
  let allowed = max
  let taken = 0
  const tell = (): void => {
    for (const onFree of holders) onFree()
  }
  return {
    resize: (size) => {
      allowed = size
      tell()
    },
    join: (onFree) => {
      const hear = (): void => onFree()
      const onNone = new Set<() => void>()
      let own = 0
      holders.add(hear)
      return {
        get taken() {
          return own
        },
        take: () => {
          if (taken >= allowed) return false
          own += 1
          taken += 1
          return true
        },
        giveBack: () => {
          own -= 1
          taken -= 1
          tell()
          if (own === 0) for (const done of onNone) done()
        },
        untilNone: (deadlineMs) => (own === 0 ? Promise.resolve() : untilOne(onNone, deadlineMs)),
        leave: () => void holders.delete(hear),
      }
    },
  }
}

/** Makes seats that belong to managers, by their names; each time as many as the manager has then. */
export function createSeatsByManager(): (manager: ConnectionManager) => Seats {
  const byName = new Map<string, Seats>()
  return ({ name, limits }) => {
    const seats = byName.get(name) ?? createSeats(limits.sessions)
    byName.set(name, seats)
    seats.resize(limits.sessions)
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
