import type { Client } from 'pg'

import { StoreNotMigratedError } from '../store/errors.ts'
import type { PlannedChange } from '../store/preparations.ts'
import type { PostgresStore } from '../store/store.ts'
import type { ManagerRecords, RecordKind } from './records.ts'

const TABLES = { pauses: 'fleet_pause', health: 'fleet_health' } as const
const WORDS = { pauses: 'the pauses', health: 'the health of connection managers' } as const

type Table = (typeof TABLES)[RecordKind]

/** Records on Postgres: a table of their own, a row per manager. */
export function recordsOnPostgres(store: PostgresStore, kind: RecordKind): ManagerRecords {
  const { pool } = store
  const table = TABLES[kind]
  pool.prepare(
    (client) => prepare(client, store, kind),
    (client) => plan(client, kind),
  )
  const query = <R>(text: string, values?: unknown[]) =>
    pool.outside(() => pool.query<R>(text, values))
  return {
    read: async (manager) => {
      const { rows } = await query<Pick<Row, 'record'>>(
        `select record from ${table} where manager = $1`,
        [manager],
      )
      return rows[0]?.record
    },
    replace: async (manager, before, after) => {
      const [text, values] = replacement(table, manager, before, after)
      return (await query(text, values)).rowCount === 1
    },
    some: async (managers) => {
      const { rows } = await query<Row>(
        `select manager, record from ${table} where manager = any($1)`,
        [managers],
      )
      return rows.map(textOf)
    },
    all: async () => {
      const { rows } = await query<Row>(`select manager, record from ${table} order by manager`)
      return rows.map(textOf)
    },
  }
}

interface Row {
  readonly manager: string
  readonly record: string
}

function textOf({ manager, record }: Row): readonly [string, string] {
  return [manager, record]
}

function replacement(
  table: Table,
  manager: string,
  before: string | undefined,
  after: string | undefined,
): readonly [text: string, values: unknown[]] {
  if (before === undefined) {
    const text = `insert into ${table} (manager, record) values ($1, $2) on conflict do nothing`
    return [text, [manager, after ?? '']]
  }
  if (after === undefined) {
    return [`delete from ${table} where manager = $1 and record = $2`, [manager, before]]
  }
  const text = `update ${table} set record = $3 where manager = $1 and record = $2`
  return [text, [manager, before, after]]
}

async function prepare(client: Client, store: PostgresStore, kind: RecordKind): Promise<void> {
  if ((await plan(client, kind)) === undefined) return
  const table = TABLES[kind]
  if (!store.mayMigrate) {
    throw new StoreNotMigratedError(store.location, store.schema, `the table "${table}"`)
  }
  await client.query(
    `create table if not exists ${table} (
       manager text collate "C" primary key,
       record text not null
     ) with (fillfactor = 50)`,
  )
}

async function plan(client: Client, kind: RecordKind): Promise<PlannedChange | undefined> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('${TABLES[kind]}') is not null as exists`,
  )
  return rows[0]?.exists === true ? undefined : { what: WORDS[kind], from: 0, to: 1 }
}
