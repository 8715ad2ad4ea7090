import type { Store } from '../store/store.ts'
import { tokenRecordsOnPostgres } from './postgres-tokens.ts'
import { tokenRecordsOnRedis } from './redis-tokens.ts'

/** What a text is kept for: a manager, and something of its own that differs from all others. */
export interface TokenKey {
  readonly manager: string
  readonly item: string
}

/** A text that nobody but its writers can read, and for how long it is kept. */
export interface TokenRecord {
  readonly text: string
  readonly lifeMs: number
}

/** Texts that are kept until their life is over by the store's clock. */
export interface TokenRecords {
  read(key: TokenKey): Promise<string | undefined>
  /**
   * False when the text is not `before` any more; nothing is written then. Without `after` the record
   * is removed.
   */
  replace(
    key: TokenKey,
    before: string | undefined,
    after: TokenRecord | undefined,
  ): Promise<boolean>
  /** Until when each item of a manager is kept, in milliseconds since 1970. */
  ends(manager: string): Promise<ReadonlyMap<string, number>>
}

/** Opens the records of a store, which stays its owner's. */
export function openTokenRecords(store: Store): TokenRecords {
  return store.kind === 'redis' ? tokenRecordsOnRedis(store) : tokenRecordsOnPostgres(store)
}
