import type { Store } from '../store/store.ts'
import { afterMending } from './circuit.ts'
import { HealthBusyError } from './errors.ts'
import { decodeHealth, encodeHealth } from './health-text.ts'
import { isEmpty, NOTHING_KNOWN, tidied, type ManagerHealth } from './manager-health.ts'
import { openRecords, type ManagerText } from './records.ts'

/** A pure change of a record at a moment of the store's clock; the very same record is not written. */
export type Transition = (before: ManagerHealth, now: number) => ManagerHealth

/** The health of connection managers as the store keeps it. */
export interface HealthChanges {
  /**
   * Changes the record of a name by compare-and-set, tells the fleet, and answers what holds then.
   * Rejects with `HealthBusyError` when the store does not answer within two seconds: what was asked
   * then may still happen, and nothing after it.
   */
  change(manager: string, transition: Transition): Promise<ManagerHealth>
  /** The records of these names; one that nobody can read, or that is not there, is not in it. */
  read(managers: readonly string[]): Promise<ReadonlyMap<string, ManagerHealth>>
  all(): Promise<ReadonlyMap<string, ManagerHealth>>
  /** Somebody says that what keeps the managers of a name from being used is mended: ask at once. */
  mend(manager: string): Promise<ManagerHealth>
  /** Removes what nobody uses any more. */
  tidy(keepMs: number): Promise<void>
}

/** The store's channel that tells of a change; the text is the manager's name. */
export const HEALTH = 'health'

const MAX_TRIES = 50
const PATIENCE_MS = 2_000

/** Opens the health of a store, which stays its owner's. */
export function openHealthChanges(store: Store): HealthChanges {
  const records = openRecords(store, 'health')
  const now = async (): Promise<number> => Math.floor(await store.nowMs())

  const tryToChange = async (
    manager: string,
    transition: Transition,
    isOver: () => boolean,
  ): Promise<ManagerHealth> => {
    for (let tries = 0; tries < MAX_TRIES && !isOver(); tries += 1) {
      const text = await records.read(manager)
      const before = (text === undefined ? undefined : decodeHealth(text)) ?? NOTHING_KNOWN
      const after = transition(before, await now())
      if (after === before || isOver()) return before
      if (await records.replace(manager, text, encodeHealth(after))) {
        await store.publish(HEALTH, manager)
        return after
      }
    }
    throw new HealthBusyError(manager)
  }
  const change = (manager: string, transition: Transition): Promise<ManagerHealth> =>
    inTime(manager, (isOver) => tryToChange(manager, transition, isOver))

  return {
    change,
    read: async (managers) => decoded(managers.length === 0 ? [] : await records.some(managers)),
    all: async () => decoded(await records.all()),
    mend: (manager) => change(manager, mended),
    tidy: async (keepMs) => {
      for (const [manager, text] of await records.all()) {
        const record = decodeHealth(text) ?? NOTHING_KNOWN
        const tidy = tidied(record, await now(), keepMs)
        const after = isEmpty(tidy) ? undefined : encodeHealth(tidy)
        if (after !== text) await records.replace(manager, text, after)
      }
    },
  }
}

function mended(before: ManagerHealth, now: number): ManagerHealth {
  const entries = Object.entries(before.entries).map(([digest, entry]) => {
    const circuit = afterMending(entry.circuit, now)
    return [digest, circuit === entry.circuit ? entry : { ...entry, circuit }] as const
  })
  const isNews = entries.some(([digest, entry]) => entry !== before.entries[digest])
  return isNews ? { ...before, entries: Object.fromEntries(entries) } : before
}

function decoded(texts: readonly ManagerText[]): ReadonlyMap<string, ManagerHealth> {
  return new Map(
    texts.flatMap(([manager, text]) => {
      const record = decodeHealth(text)
      return record === undefined ? [] : [[manager, record] as const]
    }),
  )
}

/** A store that is away may answer after hours: by then its answer is about another world. */
async function inTime<T>(manager: string, work: (isOver: () => boolean) => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  let isOver = false
  const timer = setTimeout(() => {
    isOver = true
    reject(new HealthBusyError(manager))
  }, PATIENCE_MS)
  const working = work(() => isOver)
  working.catch(() => undefined)
  try {
    return await Promise.race([working, late])
  } finally {
    clearTimeout(timer)
  }
}
