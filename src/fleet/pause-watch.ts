import type { Store } from '../store/store.ts'
import { NEVER_PAUSED, type ManagerPauses } from './manager-pauses.ts'
import { PAUSES, type Pauses } from './pauses.ts'

/** The pauses of a store as this process knows them, without asking. */
export interface PauseWatch extends AsyncDisposable {
  of(manager: string): ManagerPauses
  /** Hears of every manager whose pauses changed; call the answer to stop. */
  onChange(listener: (manager: string, pauses: ManagerPauses) => void): () => void
}

export interface PauseWatchOptions {
  /** How often the store is asked whether a notice was lost; 5,000 by default. */
  readonly everyMs?: number
  /** Hears of a store that could not be asked; what was known is kept. */
  readonly onFault: (error: unknown) => void
}

/** Reads the pauses of a store, then follows its notices. Rejects when the first reading fails. */
export async function watchPauses(
  store: Store,
  pauses: Pauses,
  { everyMs = 5_000, onFault }: PauseWatchOptions,
): Promise<PauseWatch> {
  const listeners = new Set<(manager: string, pauses: ManagerPauses) => void>()
  let known: ReadonlyMap<string, ManagerPauses> = new Map()
  let last: Promise<void> = Promise.resolve()
  let isClosed = false

  const read = async (): Promise<void> => {
    const found = await pauses.list()
    if (isClosed) return
    const before = known
    known = found
    for (const manager of new Set([...before.keys(), ...found.keys()])) {
      const now = found.get(manager) ?? NEVER_PAUSED
      if (isSame(before.get(manager), now)) continue
      for (const listener of listeners) listener(manager, now)
    }
  }
  // One reading at a time: an older one must not come last.
  const readNext = (): void => {
    last = last.then(() => (isClosed ? undefined : read())).catch(onFault)
  }

  const unsubscribe = await store.subscribe(PAUSES, readNext)
  try {
    await read()
  } catch (error) {
    await unsubscribe()
    throw error
  }
  const timer = setInterval(readNext, everyMs)
  timer.unref()
  return {
    of: (manager) => known.get(manager) ?? NEVER_PAUSED,
    onChange: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      clearInterval(timer)
      listeners.clear()
      await unsubscribe()
      await last
    },
  }
}

function isSame(before: ManagerPauses | undefined, now: ManagerPauses): boolean {
  return JSON.stringify(before ?? NEVER_PAUSED) === JSON.stringify(now)
}
