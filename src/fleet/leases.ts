/** Sessions of one manager that this holder may open; given back with `release`. */
export interface Lease {
  readonly sessions: number
  release(): void
}

/** Shares out the sessions that a manager allows, before any job is taken. */
export interface Leases {
  /**
   * Leases up to `wanted` of the `max` sessions of a manager. Zero when all are taken; then
   * `onFreed` is called once when some come back.
   */
  lease(manager: string, max: number, wanted: number, onFreed: () => void): Lease
}

/** Leases that are shared by everything in this process that holds the object. */
export function createLocalLeases(): Leases {
  const taken = new Map<string, number>()
  const waiting = new Map<string, Set<() => void>>()

  const wake = (manager: string): void => {
    const callbacks = [...(waiting.get(manager) ?? [])]
    waiting.delete(manager)
    for (const callback of callbacks) callback()
  }

  return {
    lease: (manager, max, wanted, onFreed) => {
      const sessions = Math.max(0, Math.min(wanted, max - (taken.get(manager) ?? 0)))
      if (sessions === 0) {
        waiting.set(manager, (waiting.get(manager) ?? new Set()).add(onFreed))
      }
      taken.set(manager, (taken.get(manager) ?? 0) + sessions)
      let released = false
      return {
        sessions,
        release: () => {
          if (released) return
          released = true
          waiting.get(manager)?.delete(onFreed)
          taken.set(manager, (taken.get(manager) ?? 0) - sessions)
          if (sessions > 0) wake(manager)
        },
      }
    },
  }
}
