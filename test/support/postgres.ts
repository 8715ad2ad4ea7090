import { inject } from 'vitest'

import { describeWith, type Provision } from './redis.ts'

/** The Postgres that all tests share, for its two users. */
export interface SharedPostgres {
  /** May create schemas and tables. */
  readonly owner: string
  /** May only use them, as `docs/stores.md` has it. */
  readonly user: string
  /** May make databases. */
  readonly superuser: string
  /** The file of an authority that has not signed its certificate. */
  readonly stranger: string
}

declare module 'vitest' {
  interface ProvidedContext {
    /** A plain server with TLS, or why there is none. */
    postgres: Provision<SharedPostgres>
  }
}

/** A group of tests on the shared Postgres. */
export function describePostgres(name: string, body: (server: SharedPostgres) => void): void {
  describeWith('Postgres', inject('postgres'), name, body)
}
