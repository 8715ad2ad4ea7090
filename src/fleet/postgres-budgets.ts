import type { Client } from 'pg'

import { StoreNotMigratedError } from '../store/errors.ts'
import type { PlannedChange } from '../store/preparations.ts'
import type { PostgresStore } from '../store/store.ts'
import type { BudgetKind, BudgetRecords, VersionedRecord } from './budget-records.ts'

const TABLE = `
create table if not exists fleet_budget (
  kind text collate "C",
  manager text collate "C",
  version bigint not null,
  record text not null,
  primary key (kind, manager)
) with (fillfactor = 50)`

/** The clock also when there is no record: one row at least. */
const READ = `
select extract(epoch from clock_timestamp()) * 1000 as now, b.manager, b.version, b.record
from (select) as one
  left join fleet_budget b on b.kind = $1 and b.manager = any($2::text[])`

/** In the order of the names, so that two processes never wait for each other in a circle. */
const REPLACE = `
insert into fleet_budget as b (kind, manager, version, record)
  select $1, manager, version, record
  from unnest($2::text[], $3::bigint[], $4::text[]) as change (manager, version, record)
  order by manager collate "C"
on conflict (kind, manager) do update set version = excluded.version, record = excluded.record
  where b.version = excluded.version - 1
returning manager`

/** Budgets on Postgres: the table `fleet_budget`, a row per kind and manager. */
export function budgetRecordsOnPostgres(store: PostgresStore, kind: BudgetKind): BudgetRecords {
  const { pool } = store
  pool.prepare((client) => prepare(client, store), plan)
  return {
    read: async (managers) => {
      const { rows } = await pool.promptly<Row & { readonly now: string }>(READ, [kind, managers])
      return { nowMs: Number(rows[0]?.now), records: recordsOf(rows) }
    },
    replace: async (changes) => {
      const { rows } = await pool.promptly<Pick<Row, 'manager'>>(REPLACE, [
        kind,
        changes.map(({ manager }) => manager),
        changes.map(({ version }) => version),
        changes.map(({ text }) => text),
      ])
      return new Set(rows.flatMap(({ manager }) => manager ?? []))
    },
    all: async () => {
      const { rows } = await pool.promptly<Row>(
        'select manager, version, record from fleet_budget where kind = $1 order by manager',
        [kind],
      )
      return recordsOf(rows)
    },
  }
}

/** All null when there is no record. */
interface Row {
  readonly manager: string | null
  readonly version: string | null
  readonly record: string | null
}

function recordsOf(rows: readonly Row[]): ReadonlyMap<string, VersionedRecord> {
  return new Map(
    rows.flatMap(({ manager, version, record }) =>
      manager === null || record === null
        ? []
        : [[manager, { version: Number(version), text: record }] as const],
    ),
  )
}

async function prepare(client: Client, store: PostgresStore): Promise<void> {
  if ((await plan(client)) === undefined) return
  if (!store.mayMigrate) {
    throw new StoreNotMigratedError(store.location, store.schema, 'the table "fleet_budget"')
  }
  await client.query(TABLE)
}

async function plan(client: Client): Promise<PlannedChange | undefined> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('fleet_budget') is not null as exists`,
  )
  return rows[0]?.exists === true
    ? undefined
    : { what: 'the budgets of connection managers', from: 0, to: 1 }
}
