import type { Redis } from 'ioredis'

import type { SharedPool } from './shared-pool.ts'
import type { AtTurnsEnd } from './write-together.ts'

/**
 * What happens while the store is down: `fail-fast` (producers) rejects with
 * `StoreUnreachableError` within seconds, also when it never was up; `wait` (workers) waits at
 * start-up. On Redis a waiting store's commands wait as well; on Postgres they reject, since a
 * statement cannot be repeated blindly. Both recover by themselves.
 */
export type StorePatience = 'fail-fast' | 'wait'

/** What both kinds of store can do for the folders above. */
interface StoreBase extends AsyncDisposable {
  /** Safe for printing: holds no credentials. */
  readonly location: string
  readonly patience: StorePatience
  /** The store's clock in milliseconds since 1970; the only clock that decides about messages. */
  nowMs(): Promise<number>
  /**
   * Runs `work` so that everything it writes through this store appears together or not at all.
   * One transaction on Postgres. On Redis `work` simply runs: its callers order their writes so
   * that a crash between them loses nothing.
   */
  atomically<T>(work: () => Promise<T>): Promise<T>
  /**
   * Tells all subscribers of `channel`; best effort, it may get lost. A channel is lower case
   * letters, digits, `_` and `-`, at most 22. Throws `NoticeTooLongError` above 7,500 bytes.
   */
  publish(channel: string, text: string): Promise<void>
  /** Hears `channel` from now on, also after the connection was lost; call the answer to stop. */
  subscribe(channel: string, listener: (text: string) => void): Promise<() => Promise<void>>
  /** Resolves when the store answers; rejects with `StoreUnreachableError`. */
  ping(): Promise<void>
  /** Closes every connection; the last user of an embedded store stops its server. */
  close(): Promise<void>
}

export interface RedisStore extends StoreBase {
  readonly kind: 'redis'
  /** Shared by everything in this process; blocking consumers duplicate it. */
  readonly client: Redis
  /** Begins every key that scripts use with others; on a cluster a hash tag, so that they are together. */
  readonly prefix: string
  /** Begins the keys of what brings a hash tag of its own, so that a cluster spreads it. */
  readonly spreadPrefix: string
  /** What is gathered in a turn of the event loop is asked at its end. */
  readonly atTurnsEnd: AtTurnsEnd
  /** The servers that hold keys: more than one on a cluster. */
  readonly servers: () => readonly Redis[]
}

export interface PostgresStore extends StoreBase {
  readonly kind: 'postgres'
  readonly pool: SharedPool
  /** Holds every table, Mailroom's and BullMQ's; `mailroom` by default. */
  readonly schema: string
  /** Whether preparations of `pool` may create and change tables, or only check them. */
  readonly mayMigrate: boolean
}

export type Store = RedisStore | PostgresStore
