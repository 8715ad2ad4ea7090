import type { Client, ClientConfig } from 'pg'

import {
  InvalidStoreOptionError,
  NoticeTooLongError,
  StoreNotMigratedError,
  StoreTooOldError,
} from './errors.ts'
import { gather } from './gather.ts'
import { openSharedPool } from './shared-pool.ts'
import type { SharedPool } from './shared-pool.ts'
import type { PostgresStore, StorePatience } from './store.ts'

export interface PostgresStoreOptions {
  /** Safe for printing. */
  readonly location: string
  readonly parameters: () => Promise<ClientConfig>
  readonly patience: StorePatience
  readonly schema: string
  /** Whether tables are changed, only checked, or only looked at for what would be changed. */
  readonly migrate: boolean | 'plan'
  readonly maxConnections?: number
  /**
   * How long migrations of others are waited for; 30,000 by default, 300,000 with patience `wait`.
   */
  readonly lockWaitMs?: number
  readonly onError: (error: unknown) => void
  /** Runs after the last connection is closed. */
  readonly onClose?: () => Promise<void>
}

/** Postgres refuses 8,000 bytes; the rest is left to channel names. */
const MAX_NOTICE_BYTES = 7500
const OLDEST_SERVER = 14
/** Many start at once and take turns; a new index on a large table takes minutes. */
const PATIENT_LOCK_MS = 300_000
const HASTY_LOCK_MS = 30_000

/** Opens a store on Postgres. Does not wait for the server. Throws `InvalidStoreOptionError`. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { location, patience, schema, onError } = options
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(schema)) {
    throw new InvalidStoreOptionError(
      'schema',
      'lower case letters, digits and underscores, no digit first, at most 40',
      schema,
    )
  }
  const isHasty = patience === 'fail-fast'
  const pool = await openSharedPool({
    location,
    parameters: async () => withSearchPath(await options.parameters(), schema),
    connectTimeoutMs: isHasty ? 3000 : 5000,
    patienceMs: isHasty ? 10_000 : 30_000,
    queryTimeoutMs: isHasty ? 10_000 : 30_000,
    onError,
    plansOnly: options.migrate === 'plan',
    ...(options.migrate === true && {
      preparationLock: {
        name: `mailroom:${schema}`,
        waitMs: options.lockWaitMs ?? (isHasty ? HASTY_LOCK_MS : PATIENT_LOCK_MS),
      },
    }),
    ...(options.maxConnections !== undefined && { maxConnections: options.maxConnections }),
  })
  prepareSchema(pool, options)
  return {
    kind: 'postgres',
    pool,
    schema,
    location,
    patience,
    mayMigrate: options.migrate === true,
    ...methodsOf(pool, schema, options.onClose),
  }
}

function prepareSchema(
  pool: SharedPool,
  { location, schema, migrate }: Pick<PostgresStoreOptions, 'location' | 'schema' | 'migrate'>,
): void {
  const isMissing = async (client: Client): Promise<boolean> => {
    await checkServer(client, location)
    const { rows } = await client.query('select to_regnamespace($1) is null as missing', [schema])
    return rows[0]?.missing === true
  }
  pool.prepare(
    async (client) => {
      if (!(await isMissing(client))) return
      if (migrate !== true) throw new StoreNotMigratedError(location, schema, 'the schema')
      await client.query(`create schema if not exists "${schema}"`)
    },
    async (client) =>
      (await isMissing(client)) ? { what: `schema "${schema}"`, from: 0, to: 1 } : undefined,
  )
}

/** Ours and BullMQ's statements were never tried on older ones. */
async function checkServer(client: Client, location: string): Promise<void> {
  const { rows } = await client.query<{ number: string; version: string }>(
    `select current_setting('server_version_num') as number, current_setting('server_version') as version`,
  )
  const { number = '0', version = 'unknown' } = rows[0] ?? {}
  if (Number(number) < OLDEST_SERVER * 10_000) {
    throw new StoreTooOldError(location, `Postgres ${OLDEST_SERVER}`, version)
  }
}

type Methods = Omit<
  PostgresStore,
  'kind' | 'pool' | 'schema' | 'location' | 'patience' | 'mayMigrate'
>

function methodsOf(
  pool: SharedPool,
  schema: string,
  onClose: (() => Promise<void>) | undefined,
): Methods {
  const channelOf = (channel: string): string => `${schema}_${checkChannel(channel)}`
  const tell = tellTogether(pool)
  let closing: Promise<void> | undefined
  async function closeAll(): Promise<void> {
    // What was asked in this turn is still sent.
    await new Promise((resolve) => void setImmediate(resolve))
    await pool.close()
    await onClose?.()
  }
  const close = (): Promise<void> => (closing ??= closeAll())
  return {
    nowMs: lookTogether(pool),
    atomically: (work) => pool.transaction(work),
    async publish(channel, text) {
      const bytes = Buffer.byteLength(text)
      if (bytes > MAX_NOTICE_BYTES) throw new NoticeTooLongError(channel, bytes, MAX_NOTICE_BYTES)
      await tell({ channel: channelOf(channel), text })
    },
    async subscribe(channel, listener) {
      const stop = await pool.listen(channelOf(channel), listener)
      return async () => stop()
    },
    async ping() {
      await pool.promptly('select 1')
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A worker with hundreds of managers asks for each of them at one moment. */
const MOST = 500

/** All who ask at one moment get the same answer, which is of later than that. */
function lookTogether(pool: SharedPool): () => Promise<number> {
  const look = gather<undefined, number>(setImmediate, MOST, async (questions) => {
    const { rows } = await pool.promptly<{ now: string }>(
      'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
    )
    return questions.map(() => Number(rows[0]?.now))
  })
  return () => look(undefined)
}

interface Notice {
  readonly channel: string
  readonly text: string
}

/** Notices of one moment are one transaction: those that tell the same are one. */
function tellTogether(pool: SharedPool): (notice: Notice) => Promise<void> {
  const tell = gather<Notice, undefined>(setImmediate, MOST, async (notices) => {
    await pool.promptly(
      'select pg_notify(channel, text) from unnest($1::text[], $2::text[]) as notice (channel, text)',
      [notices.map(({ channel }) => channel), notices.map(({ text }) => text)],
    )
    return notices.map(() => undefined)
  })
  return async (notice) => {
    if (!pool.isInTransaction()) return tell(notice)
    await pool.query('select pg_notify($1, $2)', [notice.channel, notice.text])
  }
}

/** Channels are identifiers in SQL and end up in a name of at most 63 bytes. */
function checkChannel(channel: string): string {
  if (/^[a-z][a-z0-9_-]{0,21}$/.test(channel)) return channel
  throw new InvalidStoreOptionError(
    'channel',
    'lower case letters, digits, "_" and "-", at most 22',
    channel,
  )
}

/** BullMQ's and our statements name no schema: the connection does. */
function withSearchPath(parameters: ClientConfig, schema: string): ClientConfig {
  return { ...parameters, options: `${parameters.options ?? ''} -c search_path="${schema}"` }
}
