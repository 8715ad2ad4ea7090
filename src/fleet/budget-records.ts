import { setTimeout as sleep } from 'node:timers/promises'

import type { Store } from '../store/store.ts'
import { BudgetContendedError } from './errors.ts'
import { budgetRecordsOnPostgres } from './postgres-budgets.ts'
import { budgetRecordsOnRedis } from './redis-budgets.ts'

/** What the budgets of a manager or group are kept apart by. */
export type BudgetKind = 'leases' | 'rates' | 'starts'

/** A record as it was read; its version grows by one with every change. */
export interface VersionedRecord {
  readonly version: number
  readonly text: string
}

/** A record by its manager, to be written if nobody wrote it meanwhile. */
export interface RecordChange extends VersionedRecord {
  readonly manager: string
}

/** One record for each manager of which the fleet keeps a budget. */
export interface BudgetRecords {
  /** The records of these managers, as far as there are any, and the store's clock. */
  read(managers: readonly string[]): Promise<{
    readonly nowMs: number
    readonly records: ReadonlyMap<string, VersionedRecord>
  }>
  /**
   * Writes each change whose version is one above that of its record; one without a record has
   * version 0. Answers the managers whose records were written.
   */
  replace(changes: readonly RecordChange[]): Promise<ReadonlySet<string>>
  all(): Promise<ReadonlyMap<string, VersionedRecord>>
}

/** What a turn is taken with: the record as it is, and the time. */
export interface TurnInput {
  readonly manager: string
  /** Undefined when there is none. */
  readonly text: string | undefined
  /** 0 when there is none. */
  readonly version: number
  /** The store's clock, in milliseconds since 1970. */
  readonly nowMs: number
  /** When the record was asked for, by the clock of `performance`: it was true then or later. */
  readonly askedAt: number
}

const MAX_TRIES = 30
const BREATH_MS = 5

/** Opens the records of one kind in a store, which stays its owner's. */
export function openBudgetRecords(store: Store, kind: BudgetKind): BudgetRecords {
  return store.kind === 'redis'
    ? budgetRecordsOnRedis(store, kind)
    : budgetRecordsOnPostgres(store, kind)
}

/**
 * Changes the records of `managers`, all in two round trips unless others are at it as well: `turn`
 * says what a record becomes, and is asked again when somebody was faster.
 *
 * Throws `BudgetContendedError` when somebody is faster again and again.
 */
export async function changeRecords(
  records: BudgetRecords,
  managers: readonly string[],
  turn: (input: TurnInput) => string,
): Promise<void> {
  let left = managers
  for (let tries = 1; left.length > 0; tries += 1) {
    const askedAt = performance.now()
    const { nowMs, records: known } = await records.read(left)
    const changes = left.map((manager) => {
      const { version, text } = known.get(manager) ?? { version: 0, text: undefined }
      return {
        manager,
        version: version + 1,
        text: turn({ manager, text, version, nowMs, askedAt }),
      }
    })
    const written = await records.replace(changes)
    left = left.filter((manager) => !written.has(manager))
    if (left.length > 0 && tries === MAX_TRIES) throw new BudgetContendedError(left[0] ?? '')
    if (left.length > 0) await sleep(Math.random() * BREATH_MS * tries)
  }
}
