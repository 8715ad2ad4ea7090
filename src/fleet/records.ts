import type { Store } from '../store/store.ts'
import { recordsOnPostgres } from './postgres-records.ts'
import { recordsOnRedis } from './redis-records.ts'

/** Texts by connection manager, each replaced only by whoever knows what it was. */
export interface ManagerRecords {
  read(manager: string): Promise<string | undefined>
  /**
   * False when the record is not `before` any more; nothing is written then. Without `after` the
   * record is removed.
   */
  replace(manager: string, before: string | undefined, after: string | undefined): Promise<boolean>
  /** Those of `managers`, at least one, that there are. */
  some(managers: readonly string[]): Promise<readonly ManagerText[]>
  all(): Promise<readonly ManagerText[]>
}

export type ManagerText = readonly [manager: string, text: string]

/** What is kept of each connection manager. */
export type RecordKind = 'pauses' | 'health'

/** Opens the records of a store, which stays its owner's. */
export function openRecords(store: Store, kind: RecordKind): ManagerRecords {
  return store.kind === 'redis' ? recordsOnRedis(store, kind) : recordsOnPostgres(store, kind)
}
