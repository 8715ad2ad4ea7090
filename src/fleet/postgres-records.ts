import type { Client } from 'pg'

import { askTogether } from '../store/ask-together.ts'
import { StoreNotMigratedError } from '../store/errors.ts'
import type { PlannedChange } from '../store/preparations.ts'
import type { SharedPool } from '../store/shared-pool.ts'
import type { PostgresStore } from '../store/store.ts'
import type { ManagerRecords, ManagerText, RecordKind } from './records.ts'

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
  const query = <R>(text: string, values?: unknown[]) => pool.promptly<R>(text, values)
  const some = async (managers: readonly string[]): Promise<readonly ManagerText[]> => {
    const { rows } = await query<Row>(
      `select manager, record from ${table} where manager = any($1)`,
      [managers],
    )
    return rows.map(textOf)
  }
  const readTogether = askTogether<string, { readonly text: string | undefined }>(pool, {
    one: async (manager) => ({ text: new Map(await some([manager])).get(manager) }),
    many: async (managers) => {
      const texts = new Map(await some(managers))
      return managers.map((manager) => ({ text: texts.get(manager) }))
    },
    most: MOST,
  })
  const replaceTogether = askTogether<Change, boolean>(pool, {
    one: async (change) => {
      const [text, values] = replacement(table, change)
      return (await query(text, values)).rowCount === 1
    },
    many: (changes) => replaceMany(query, table, changes),
    most: MOST,
  })
  return {
    read: async (manager) => (await readTogether(manager)).text,
    replace: (manager, before, after) => replaceTogether({ manager, before, after }),
    some,
    all: async () => {
      const { rows } = await query<Row>(`select manager, record from ${table} order by manager`)
      return rows.map(textOf)
    },
  }
}

/** A worker finds out about all of its managers at once when it starts. */
const MOST = 500

interface Row {
  readonly manager: string
  readonly record: string
}

function textOf({ manager, record }: Row): readonly [string, string] {
  return [manager, record]
}

interface Change {
  readonly manager: string
  readonly before: string | undefined
  readonly after: string | undefined
}

/**
 * Several changes, those of new records first: they may wait for what somebody else adds, and must hold
 * nothing then that he waits for. Whatever was not written has no answer, and is asked for alone.
 */
async function replaceMany(
  query: SharedPool['promptly'],
  table: Table,
  changes: readonly Change[],
): Promise<readonly (true | undefined)[]> {
  const first = new Map(changes.toReversed().map((change) => [change.manager, change]))
  const [added, changed]: [Change[], Change[]] = [[], []]
  for (const change of first.values()) {
    if (change.before === undefined) added.push(change)
    else if (change.after !== undefined) changed.push(change)
  }
  const written = new Set<Change | undefined>()
  const write = async (
    text: string,
    some: readonly Change[],
    columns: unknown[],
  ): Promise<void> => {
    if (some.length === 0) return
    const { rows } = await query<Pick<Row, 'manager'>>(text, columns)
    for (const { manager } of rows) written.add(first.get(manager))
  }
  await write(addition(table), added, [namesOf(added), added.map(({ after }) => after ?? '')])
  const columns = [changed.map(({ before }) => before), changed.map(({ after }) => after)]
  await write(update(table), changed, [namesOf(changed), ...columns])
  return changes.map((change) => (written.has(change) ? true : undefined))
}

function namesOf(changes: readonly Change[]): readonly string[] {
  return changes.map(({ manager }) => manager)
}

/** In the order of the names, so that two processes never wait for each other in a circle. */
function addition(table: Table): string {
  return `insert into ${table} (manager, record)
    select manager, record from unnest($1::text[], $2::text[]) as added (manager, record)
    order by manager collate "C"
  on conflict do nothing returning manager`
}

/** What somebody else is writing is not waited for. */
function update(table: Table): string {
  return `with free as materialized (
    select manager from ${table} where manager = any($1::text[]) for update skip locked)
  update ${table} as known set record = change.after
  from unnest($1::text[], $2::text[], $3::text[]) as change (manager, before, after)
    join free using (manager)
  where known.manager = change.manager and known.record = change.before
  returning known.manager`
}

function replacement(
  table: Table,
  { manager, before, after }: Change,
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
