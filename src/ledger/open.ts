import type { Store } from '../store/store.ts'
import type { Ledger } from './ledger.ts'
import { createPostgresLedger } from './postgres.ts'
import { createRedisLedger } from './redis.ts'

export interface LedgerOptions {
  /**
   * How long delivered and cancelled messages are known after their end, so that the same
   * idempotency key is the same mail; 30 days by default. Not less than the age at which
   * messages are given up, nor than the longest delay of a job.
   */
  readonly retentionMs?: number
}

/** 30 days. */
export const DEFAULT_RETENTION_MS = 30 * 86_400_000

/** Opens the ledger in a store. The store stays its owner's, who closes it. */
export async function openLedger(
  store: Store,
  { retentionMs = DEFAULT_RETENTION_MS }: LedgerOptions = {},
): Promise<Ledger> {
  return store.kind === 'redis'
    ? createRedisLedger(store, retentionMs)
    : createPostgresLedger(store, retentionMs)
}
