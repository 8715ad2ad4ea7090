import type { Client } from 'pg'

import { StoreNotMigratedError } from '../store/errors.ts'
import type { PlannedChange } from '../store/preparations.ts'
import type { PostgresStore } from '../store/store.ts'
import type { TokenRecords } from './token-records.ts'

const TABLE = `
create table if not exists fleet_token (
  manager text collate "C",
  item text collate "C",
  record text not null,
  ends_at timestamptz not null,
  primary key (manager, item)
) with (fillfactor = 50)`

const READ = `
select record from fleet_token where manager = $1 and item = $2 and ends_at > clock_timestamp()`

const ENDS_AT = `clock_timestamp() + $4 * interval '1 millisecond'`

/** In place of none, or of one whose life is over; others of the manager that are over go as well. */
const INSERT = `
with gone as (
  delete from fleet_token
  where manager = $1 and item <> $2 and ends_at <= clock_timestamp()
)
insert into fleet_token as t (manager, item, record, ends_at) values ($1, $2, $3, ${ENDS_AT})
on conflict (manager, item) do update set record = excluded.record, ends_at = excluded.ends_at
  where t.ends_at <= clock_timestamp()`

const UPDATE = `
update fleet_token set record = $3, ends_at = ${ENDS_AT}
where manager = $1 and item = $2 and record = $5 and ends_at > clock_timestamp()`

const DELETE = 'delete from fleet_token where manager = $1 and item = $2 and record = $3'

const ENDS = `
select item, extract(epoch from ends_at) * 1000 as ends from fleet_token where manager = $1`

/** Tokens on Postgres: the table `fleet_token`, a row per manager and item. */
export function tokenRecordsOnPostgres(store: PostgresStore): TokenRecords {
  const { pool } = store
  pool.prepare((client) => prepare(client, store), plan)
  const query = <R>(text: string, values: unknown[]) =>
    pool.outside(() => pool.query<R>(text, values))
  return {
    read: async ({ manager, item }) => {
      const { rows } = await query<{ readonly record: string }>(READ, [manager, item])
      return rows[0]?.record
    },
    replace: async ({ manager, item }, before, after) => {
      if (after === undefined) {
        return (await query(DELETE, [manager, item, before])).rowCount === 1
      }
      const values = [manager, item, after.text, after.lifeMs]
      const { rowCount } = await (before === undefined
        ? query(INSERT, values)
        : query(UPDATE, [...values, before]))
      return rowCount === 1
    },
    ends: async (manager) => {
      const { rows } = await query<{ readonly item: string; readonly ends: string }>(ENDS, [
        manager,
      ])
      return new Map(rows.map(({ item, ends }) => [item, Math.floor(Number(ends))]))
    },
  }
}

async function prepare(client: Client, store: PostgresStore): Promise<void> {
  if ((await plan(client)) === undefined) return
  if (!store.mayMigrate) {
    throw new StoreNotMigratedError(store.location, store.schema, 'the table "fleet_token"')
  }
  await client.query(TABLE)
}

async function plan(client: Client): Promise<PlannedChange | undefined> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('fleet_token') is not null as exists`,
  )
  return rows[0]?.exists === true
    ? undefined
    : { what: 'the tokens of connection managers', from: 0, to: 1 }
}
