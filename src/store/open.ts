import { setTimeout as sleep } from 'node:timers/promises'

import { StoreUnreachableError } from './errors.ts'
import { describeLocation, parseLocation } from './location.ts'
import type { StoreLocation } from './location.ts'
import { readPostgresParameters } from './postgres-parameters.ts'
import type { PostgresStoreOptions } from './postgres.ts'
import type { PostgresStore, Store, StorePatience } from './store.ts'

export interface StoreOptions {
  /** `fail-fast` for producers, `wait` for workers. */
  readonly patience: StorePatience
  /** Begins every key on Redis; `mailroom` by default. */
  readonly prefix?: string
  /** Holds every table on Postgres; `mailroom` by default. */
  readonly schema?: string
  /**
   * Whether tables are created and brought up to date. By default they are in an embedded store;
   * elsewhere missing ones are a `StoreNotMigratedError`. With `plan` nothing is changed or
   * refused: `pool.changes()` tells what would be done, and the tables may be missing.
   */
  readonly migrate?: boolean | 'plan'
  /** Lets a worker use a Redis without append-only file or with eviction; false by default. */
  readonly allowUnsafeStore?: boolean
  /** Most connections of a Postgres store besides the one that listens; 12 by default. */
  readonly maxConnections?: number
  /** Ends the wait for a store that is down. */
  readonly signal?: AbortSignal
  /** Faults that no caller hears of, such as a lost idle connection; once per outage. */
  readonly onError?: (error: unknown) => void
  /** Sentences to an operator: settings that may lose mail. */
  readonly onWarning?: (text: string) => void
}

const RETRY_MS = 500

/**
 * Opens the store at `location` (`redis://`, `rediss://`, both with `+sentinel` or `+cluster`, `postgres://`,
 * `embedded:DIR`).
 *
 * With patience `wait` it resolves when the store answers, however long that takes; a refused login
 * and missing tables end the wait. With `fail-fast` it resolves also when the store is down: its
 * commands reject until the store is up. The caller closes it.
 *
 * Throws `InvalidStoreLocationError`, `InvalidStoreOptionError`, `StoreRefusedError`,
 * `StoreTlsError`, `StoreRightsError`, `StoreTooOldError`, `StoreNotMigratedError`,
 * `UnsafeStoreError`, and what an embedded store's start throws.
 */
export async function openStore(location: string, options: StoreOptions): Promise<Store> {
  const at = parseLocation(location)
  const onError = options.onError ?? (() => undefined)
  if (at.kind === 'embedded') return openEmbedded(at, options, onError)
  if (at.kind === 'postgres') {
    return openServer(at, options, onError, {
      parameters: () => readPostgresParameters(at),
      migrate: options.migrate ?? false,
    })
  }
  // Nobody waits for the client of a store that is not used.
  const { openRedisStore } = await import('./redis.ts')
  return openRedisStore({
    at,
    location: describeLocation(at),
    patience: options.patience,
    prefix: options.prefix ?? 'mailroom',
    allowUnsafe: options.allowUnsafeStore ?? false,
    signal: options.signal,
    onError,
    onWarning: options.onWarning ?? (() => undefined),
  })
}

async function openServer(
  at: StoreLocation,
  options: StoreOptions,
  onError: (error: unknown) => void,
  source: Pick<PostgresStoreOptions, 'parameters' | 'migrate' | 'onClose'>,
): Promise<PostgresStore> {
  const { patience, maxConnections, signal } = options
  const { openPostgresStore } = await import('./postgres.ts')
  const store = await openPostgresStore({
    location: describeLocation(at),
    patience,
    schema: options.schema ?? 'mailroom',
    onError,
    ...(maxConnections !== undefined && { maxConnections }),
    ...source,
  })
  try {
    await untilAnswers(store, onError, signal)
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Asks until the store answers; a hasty one is asked once and may be down. */
async function untilAnswers(
  store: PostgresStore,
  onError: (error: unknown) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    signal?.throwIfAborted()
    try {
      return await store.ping()
    } catch (error) {
      if (!(error instanceof StoreUnreachableError)) throw error
      if (tries === 1) onError(error)
      if (store.patience === 'fail-fast') return
      await sleep(RETRY_MS, undefined, signal === undefined ? {} : { signal })
    }
  }
}

async function openEmbedded(
  at: Extract<StoreLocation, { kind: 'embedded' }>,
  options: StoreOptions,
  onError: (error: unknown) => void,
): Promise<PostgresStore> {
  // Only users of an embedded store have its launcher in memory.
  const { attachEmbedded } = await import('./embedded/attach.ts')
  const { signal } = options
  const embedded = await attachEmbedded(at.directory, signal === undefined ? {} : { signal })
  const leave = async (): Promise<void> => void (await embedded.detach())
  try {
    return await openServer(at, options, onError, {
      parameters: () => embedded.parameters(),
      migrate: options.migrate ?? true,
      onClose: leave,
    })
  } catch (error) {
    await leave()
    throw error
  }
}
