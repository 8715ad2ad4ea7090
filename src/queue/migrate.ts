import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  runMigrations,
  SchemaMigrationRequiredError,
} from 'bullmq'
import type { Client } from 'pg'

import { StoreNotMigratedError } from '../store/errors.ts'
import type { PostgresStore } from '../store/store.ts'

/** Has BullMQ's tables brought up to date, or checked, before the first statement on `store`. */
export function prepareQueueTables({ pool, schema, location, mayMigrate }: PostgresStore): void {
  pool.prepare(async (client) => {
    if (mayMigrate) {
      await runMigrations(client, schema)
      return
    }
    const version = await versionOf(client, schema)
    if (version < LATEST_SCHEMA_VERSION) {
      throw new StoreNotMigratedError(location, schema, 'the queue')
    }
  })
}

async function versionOf(client: Client, schema: string): Promise<number> {
  try {
    return await assertSchemaCompatibility(client, schema)
  } catch (error) {
    if (error instanceof SchemaMigrationRequiredError) return 0
    throw error
  }
}
