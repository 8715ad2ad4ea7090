import type { Client } from 'pg'

import { StoreNotMigratedError } from '../store/errors.ts'
import type { PlannedChange } from '../store/preparations.ts'
import type { PostgresStore } from '../store/store.ts'

/** Raise it with every change; a newer version must keep older programs going. */
const VERSION = 1

const TABLES = `
create table if not exists fleet_name (
  name text collate "C" primary key,
  used_at timestamptz not null,
  served_at timestamptz
) with (fillfactor = 70);
create table if not exists fleet_worker (
  id text primary key,
  host text not null,
  pid int not null,
  version text not null,
  names text[] not null,
  started_at timestamptz not null,
  seen_at timestamptz not null
) with (fillfactor = 70);
create table if not exists fleet_turn (
  task text primary key,
  holder text not null,
  until timestamptz not null
) with (fillfactor = 70);
comment on table fleet_name is 'version ${VERSION}';
`

/**
 * Creates the tables of the fleet, in one transaction; does nothing when they are there. A store
 * that may not migrate is only checked. The caller holds the lock under which processes take turns.
 *
 * Throws `StoreNotMigratedError`.
 */
export async function prepareFleet(client: Client, store: PostgresStore): Promise<void> {
  if ((await planFleet(client)) === undefined) return
  if (!store.mayMigrate) {
    throw new StoreNotMigratedError(store.location, store.schema, 'the table "fleet_name"')
  }
  await client.query(TABLES)
}

/** Tells what `prepareFleet` would change. */
export async function planFleet(client: Client): Promise<PlannedChange | undefined> {
  const { rows } = await client.query<{ version: string | null }>(
    `select substring(obj_description(to_regclass('fleet_name'), 'pg_class') from '\\d+') as version`,
  )
  const from = Number(rows[0]?.version ?? 0)
  return from >= VERSION ? undefined : { what: 'the fleet', from, to: VERSION }
}
