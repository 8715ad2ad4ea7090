/** Which messages have to go through some connection managers, since those may have them, or alone can. */
export interface Whereabouts {
  /** Through whom first a message is to be tried; undefined: not known here, or nobody. */
  of(id: string): string | undefined
  /** Through whom alone, the first one first; nobody: it is not known here. */
  allOf(id: string): readonly string[]
  /** Notes through whom alone a message is to be tried. */
  note(id: string, managers: readonly string[]): void
  /** Forgets it: its attempt has come to an end, and the ledger knows. */
  forget(id: string): void
  /** Whether a message was looked for lately that has to go through `manager`. */
  isAwaited(manager: string): boolean
}

interface Whereabout {
  readonly managers: readonly string[]
  lookedAt: number
}

/** A message that nobody looks for that long was taken by another worker. */
const KEEP_MS = 60_000
/** The ledger knows all of them, and says it again of one that was forgotten. */
const MAX_KNOWN = 10_000

/** Knows nothing yet; `now` is the store's clock. */
export function createWhereabouts(now: () => number): Whereabouts {
  const known = new Map<string, Whereabout>()
  const allOf = (id: string): readonly string[] => {
    const found = known.get(id)
    if (found !== undefined) found.lookedAt = now()
    return found?.managers ?? []
  }
  return {
    of: (id) => allOf(id)[0],
    allOf,
    note: (id, managers) => {
      known.set(id, { managers, lookedAt: now() })
      const [oldest] = known.keys()
      if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
    },
    forget: (id) => void known.delete(id),
    isAwaited: (manager) => {
      const since = now() - KEEP_MS
      for (const [id, { lookedAt }] of known) if (lookedAt < since) known.delete(id)
      return [...known.values()].some(({ managers }) => managers.includes(manager))
    },
  }
}
