import { openBudgetRecords } from '../fleet/budget-records.ts'
import { openHealthChanges } from '../fleet/health-changes.ts'
import { openPauses } from '../fleet/pauses.ts'
import { openContent } from '../content/open.ts'
import { openRegistry } from '../fleet/registry.ts'
import { openTokenRecords } from '../fleet/token-records.ts'
import { openLedger } from '../ledger/open.ts'
import { openQueues } from '../queue/open.ts'
import { openStore } from '../store/open.ts'
import type { PlannedChange } from '../store/preparations.ts'

export interface MigrationOptions {
  readonly prefix: string
  readonly schema: string
  /** Whether changes are only told. */
  readonly isDryRun: boolean
}

/** What a migration did, or would do. */
export interface Migration {
  /** Safe for printing. */
  readonly location: string
  readonly changes: readonly PlannedChange[]
}

/**
 * Brings everything that a store keeps in tables up to date; a Redis has none.
 *
 * Whoever prepares tables is opened here: workers and producers of a `postgres://` create none.
 */
export async function migrateStore(
  location: string,
  { prefix, schema, isDryRun }: MigrationOptions,
): Promise<Migration> {
  await using store = await openStore(location, {
    patience: 'fail-fast',
    prefix,
    schema,
    migrate: isDryRun ? 'plan' : true,
  })
  await using _queues = await openQueues(store)
  await openLedger(store)
  openContent(store)
  openRegistry(store)
  openPauses(store)
  openHealthChanges(store)
  openBudgetRecords(store, 'leases')
  openTokenRecords(store)
  await store.ping()
  const changes = store.kind === 'postgres' ? store.pool.changes() : []
  return { location: store.location, changes }
}
