import type { SharedPool } from '../store/shared-pool.ts'
import type { PostgresStore } from '../store/store.ts'
import {
  GONE_AFTER_MS,
  type Fleet,
  type KnownName,
  type LiveWorker,
  type Registry,
} from './fleet.ts'
import { planFleet, prepareFleet } from './postgres-tables.ts'

/** The registry on Postgres. It writes outside of any transaction: a name is no part of a mail. */
export function createPostgresRegistry(store: PostgresStore): Registry {
  const { pool } = store
  pool.prepare((client) => prepareFleet(client, store), planFleet)
  return {
    note: (names) => pool.outside(() => note(pool, names)),
    serve: (names) => pool.outside(() => serve(pool, names)),
    beat: async ({ id, host, pid, version, names, startedAt }) => {
      await pool.promptly(BEAT, [id, host, pid, version, names, startedAt])
    },
    leave: async (id) => void (await pool.query('delete from fleet_worker where id = $1', [id])),
    list: () => list(pool),
    forget: async (name, unusedForMs) => {
      const { rowCount } = await pool.query(FORGET, [name, unusedForMs])
      return (rowCount ?? 0) > 0
    },
  }
}

/** In the order of the names, so that two processes never wait for each other in a circle. */
const NOTE = `
insert into fleet_name (name, used_at)
  select name, clock_timestamp() from unnest($1::text[]) as name
  order by name collate "C"
on conflict (name) do update set used_at = excluded.used_at`

const SERVE = `
insert into fleet_name (name, used_at, served_at)
  select name, clock_timestamp(), clock_timestamp() from unnest($1::text[]) as name
  order by name collate "C"
on conflict (name) do update set used_at = excluded.used_at, served_at = excluded.served_at`

/** Whoever is gone for an hour is forgotten by the others. */
const BEAT = `
with gone as (
  delete from fleet_worker
  where id <> $1 and seen_at < clock_timestamp() - interval '1 hour'
)
insert into fleet_worker (id, host, pid, version, names, started_at, seen_at)
  values ($1, $2, $3, $4, $5, $6, clock_timestamp())
on conflict (id) do update set host = excluded.host, pid = excluded.pid,
  version = excluded.version, names = excluded.names, started_at = excluded.started_at,
  seen_at = excluded.seen_at`

const FORGET = `
delete from fleet_name
where name = $1 and used_at <= clock_timestamp() - $2 * interval '1 millisecond'`

async function note(pool: SharedPool, names: readonly string[]): Promise<void> {
  if (names.length > 0) await pool.query(NOTE, [[...new Set(names)]])
}

async function serve(pool: SharedPool, names: readonly string[]): Promise<void> {
  if (names.length > 0) await pool.query(SERVE, [[...new Set(names)]])
}

async function list(pool: SharedPool): Promise<Fleet> {
  const [names, workers] = await Promise.all([
    pool.query<NameRow>('select name, used_at, served_at from fleet_name order by name'),
    pool.query<WorkerRow>(
      `select id, host, pid, version, names, started_at, seen_at from fleet_worker
       where seen_at >= clock_timestamp() - $1 * interval '1 millisecond' order by seen_at`,
      [GONE_AFTER_MS],
    ),
  ])
  return { names: names.rows.map(nameOf), workers: workers.rows.map(workerOf) }
}

interface NameRow {
  readonly name: string
  readonly used_at: Date
  readonly served_at: Date | null
}

interface WorkerRow {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly names: readonly string[]
  readonly started_at: Date
  readonly seen_at: Date
}

function nameOf({ name, used_at: usedAt, served_at: servedAt }: NameRow): KnownName {
  return { name, usedAt, servedAt: servedAt ?? undefined }
}

function workerOf(row: WorkerRow): LiveWorker {
  const { started_at: startedAt, seen_at: seenAt, ...rest } = row
  return { ...rest, startedAt, seenAt }
}
