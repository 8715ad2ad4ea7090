import { migrateStore } from '../../src/cli/migration.ts'
import type { PostgresServer } from './postgres-server.ts'
import { connectPostgres } from './postgres-users.ts'

/** One for each place that a test may have: copies of the same one are the same deployment. */
export const TEMPLATES = ['mailroom_here', 'mailroom_there'] as const
/** Where the templates and their copies have their tables. */
export const SCHEMA = 'mailroom'

/**
 * Makes the databases that tests get copies of: with the rights that `docs/stores.md` gives, which a
 * copy of the empty one has, and migrated by their owner. A copy takes less than a migration.
 */
export async function createTemplates(server: PostgresServer): Promise<void> {
  const client = await connectPostgres(server.superuser)
  try {
    for (const name of TEMPLATES) {
      await client.query(`create database ${name} template mailroom owner mailroom_owner`)
    }
  } finally {
    await client.end()
  }
  for (const name of TEMPLATES) {
    const owner = inDatabase(server.locate('mailroom_owner'), name)
    await migrateStore(owner, { prefix: name, schema: SCHEMA, isDryRun: false })
  }
}

/** The same place in another database of the server. */
export function inDatabase(location: string, name: string): string {
  const url = new URL(location)
  url.pathname = name
  return url.href
}
