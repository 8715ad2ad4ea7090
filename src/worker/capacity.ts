import type { Lease, Leases } from '../fleet/leases.ts'

/** Why a worker uses no sessions of a manager although some are free. */
export type Hold = 'clock' | 'pause'

/** How many sessions of one manager this worker may use now. */
export interface Capacity {
  readonly sessions: number
  /** The server took no more than `open` sessions: no more are tried for a minute. */
  crowded(open: number): void
  /** The manager allows another number of sessions from now on. */
  resize(max: number): void
  /** While held for any reason there are none. */
  hold(reason: Hold, isHeld: boolean): void
  /** Gives all but `sessions` back to others, and takes no more. */
  keep(sessions: number): void
  close(): void
}

const CROWDED_MS = 60_000

/**
 * Leases the sessions of `manager`, held by `holds` at first; `onChange` is called whenever their
 * number changes.
 */
export function leaseCapacity(
  leases: Leases,
  manager: string,
  max: number,
  holds: readonly Hold[],
  onChange: () => void,
): Capacity {
  let allowed = max
  let ceiling = max
  const held = new Set(holds)
  let timer: NodeJS.Timeout | undefined
  let lease = take()

  function take(): Lease {
    return leases.lease(manager, allowed, allowed, grow)
  }

  function grow(): void {
    lease.grow()
    onChange()
  }

  return {
    get sessions() {
      return held.size > 0 ? 0 : Math.min(lease.sessions, ceiling)
    },
    crowded: (open) => {
      ceiling = Math.max(1, Math.min(ceiling, open))
      clearTimeout(timer)
      timer = setTimeout(() => {
        ceiling = allowed
        onChange()
      }, CROWDED_MS)
      timer.unref()
      onChange()
    },
    resize: (size) => {
      if (size === allowed) return
      clearTimeout(timer)
      allowed = size
      ceiling = size
      lease.release()
      lease = take()
      onChange()
    },
    hold: (reason, isHeld) => {
      if (isHeld) held.add(reason)
      else held.delete(reason)
      onChange()
    },
    keep: (sessions) => lease.keep(sessions),
    close: () => {
      clearTimeout(timer)
      lease.release()
    },
  }
}
