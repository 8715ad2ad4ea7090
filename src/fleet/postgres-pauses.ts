import type { Client } from 'pg'

import { StoreNotMigratedError } from '../store/errors.ts'
import type { PlannedChange } from '../store/preparations.ts'
import type { PostgresStore } from '../store/store.ts'
import type { PauseRecords } from './pauses.ts'

const TABLE = `
create table if not exists fleet_pause (
  manager text collate "C" primary key,
  record text not null
)`

/** Records of pauses on Postgres: the table `fleet_pause`, a row per manager. */
export function pauseRecordsOnPostgres(store: PostgresStore): PauseRecords {
  const { pool } = store
  pool.prepare((client) => prepare(client, store), plan)
  const query = <R>(text: string, values?: unknown[]) =>
    pool.outside(() => pool.query<R>(text, values))
  return {
    read: async (manager) => {
      const { rows } = await query<Pick<Row, 'record'>>(
        'select record from fleet_pause where manager = $1',
        [manager],
      )
      return rows[0]?.record
    },
    replace: async (manager, before, after) => {
      const { rowCount } =
        before === undefined
          ? await query(
              'insert into fleet_pause (manager, record) values ($1, $2) on conflict do nothing',
              [manager, after],
            )
          : await query('update fleet_pause set record = $3 where manager = $1 and record = $2', [
              manager,
              before,
              after,
            ])
      return rowCount === 1
    },
    all: async () => {
      const { rows } = await query<Row>('select manager, record from fleet_pause order by manager')
      return rows.map(({ manager, record }) => [manager, record])
    },
  }
}

interface Row {
  readonly manager: string
  readonly record: string
}

async function prepare(client: Client, store: PostgresStore): Promise<void> {
  if ((await plan(client)) === undefined) return
  if (!store.mayMigrate) {
    throw new StoreNotMigratedError(store.location, store.schema, 'the table "fleet_pause"')
  }
  await client.query(TABLE)
}

async function plan(client: Client): Promise<PlannedChange | undefined> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select to_regclass('fleet_pause') is not null as exists`,
  )
  return rows[0]?.exists === true ? undefined : { what: 'the pauses', from: 0, to: 1 }
}
