import type { Registry } from '../fleet/fleet.ts'

/** Tells the fleet which names a producer uses, so that mail of a name without worker is seen. */
export interface NotedNames {
  /** Resolves when the store knows the names; usually nothing has to be written. */
  note(names: ReadonlySet<string>): Promise<void>
}

/** Once is enough for a process, but a name that nobody uses for long is forgotten. */
const NOTE_EVERY_MS = 3_600_000

/** Notes each name in `registry` when it is first used, and again after an hour. */
export function createNotedNames(registry: Registry): NotedNames {
  const notedAt = new Map<string, number>()
  return {
    note: async (names) => {
      const now = performance.now()
      const due = [...names].filter(
        (name) => now - (notedAt.get(name) ?? -Infinity) > NOTE_EVERY_MS,
      )
      if (due.length === 0) return
      await registry.note(due)
      for (const name of due) notedAt.set(name, now)
    },
  }
}
