/** Sessions of one manager that this holder may open; given back with `release`. */
export interface Lease {
  readonly sessions: number
  /** Takes more, up to what was wanted; `onFreed` is called once more when some are still lacking. */
  grow(): void
  /** Gives all but `sessions` back, and wants no more than these from now on. */
  keep(sessions: number): void
  release(): void
}

/** Shares out the sessions that a manager allows, before any job is taken. */
export interface Leases {
  /**
   * Leases up to `wanted` of the `max` sessions of a manager. When fewer are there, `onFreed` is called
   * once when some come back: `grow` takes them.
   */
  lease(manager: string, max: number, wanted: number, onFreed: () => void): Lease
}

/** Leases that are shared by everything in this process that holds the object. */
export function createLocalLeases(): Leases {
  const shares = new Map<string, Share>()
  return {
    lease: (manager, max, wanted, onFreed) => {
      const share = shares.get(manager) ?? createShare()
      shares.set(manager, share)
      return leaseOf(share, max, wanted, onFreed)
    },
  }
}

/** What is taken of one manager, and who waits for more. */
interface Share {
  taken: number
  readonly waiting: Set<() => void>
}

function createShare(): Share {
  return { taken: 0, waiting: new Set() }
}

function leaseOf(share: Share, max: number, wanted: number, onFreed: () => void): Lease {
  let limit = wanted
  let sessions = 0

  const grow = (): void => {
    const more = Math.max(0, Math.min(limit - sessions, max - share.taken))
    sessions += more
    share.taken += more
    if (sessions < limit) share.waiting.add(onFreed)
    else share.waiting.delete(onFreed)
  }
  const keep = (kept: number): void => {
    limit = Math.min(limit, kept)
    const fewer = Math.max(0, sessions - limit)
    sessions -= fewer
    share.taken -= fewer
    if (sessions === limit) share.waiting.delete(onFreed)
    if (fewer > 0) wake(share)
  }
  grow()
  return {
    get sessions() {
      return sessions
    },
    grow,
    keep,
    release: () => keep(0),
  }
}

function wake({ waiting }: Share): void {
  const callbacks = [...waiting]
  waiting.clear()
  for (const callback of callbacks) callback()
}
