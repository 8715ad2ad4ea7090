import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  runMigrations,
  SchemaMigrationRequiredError,
  SchemaVersionMismatchError,
} from 'bullmq'
import type { Client } from 'pg'

import { StoreNotMigratedError, StoreTooNewError } from '../store/errors.ts'
import type { PostgresStore } from '../store/store.ts'

/**
 * Has BullMQ's tables brought up to date, or checked, before the first statement on `store`.
 *
 * Statements then fail with `StoreNotMigratedError` or `StoreTooNewError`.
 */
export function prepareQueueTables(store: PostgresStore): void {
  const { pool, schema, location, mayMigrate } = store
  pool.prepare(
    async (client) => {
      const version = await versionOf(client, store)
      if (version >= LATEST_SCHEMA_VERSION) return
      if (!mayMigrate) throw new StoreNotMigratedError(location, schema, 'the queue')
      await runMigrations(client, schema)
    },
    async (client) => {
      const from = await versionOf(client, store)
      return from < LATEST_SCHEMA_VERSION
        ? { what: 'the queue', from, to: LATEST_SCHEMA_VERSION }
        : undefined
    },
  )
}

async function versionOf(
  client: Client,
  { schema, location }: Pick<PostgresStore, 'schema' | 'location'>,
): Promise<number> {
  try {
    return await assertSchemaCompatibility(client, schema)
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return 0
    if (error instanceof SchemaVersionMismatchError) {
      throw new StoreTooNewError(location, schema, { cause: error })
    }
    throw error
  }
}
