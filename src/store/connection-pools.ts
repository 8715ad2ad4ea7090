import { Pool } from 'pg'
import type { ClientConfig, PoolClient, QueryConfig, QueryResult } from 'pg'

import { createWaitingLine } from './waiting-line.ts'

/** Some connections; whoever finds none free waits for one. */
export interface Connections {
  query(statement: QueryConfig): Promise<QueryResult>
  /** Runs `work` on a connection that it has for itself; `broken` is what keeps others from using it. */
  hold<T>(work: (client: PoolClient, broken: (error: Error) => void) => Promise<T>): Promise<T>
}

/** The connections of one process, but for the one that listens. */
export interface ConnectionPools {
  readonly main: Connections
  /** For what others take for a sign of life: it never waits behind deliveries. */
  readonly prompt: Connections
  /** Has new connections come up with these. */
  use(parameters: ClientConfig): void
  end(): Promise<void>
}

export interface PoolsOptions {
  readonly settings: ClientConfig
  /** In all; one for work and two for what is prompt are the least. */
  readonly maxConnections: number
  /** How long a free connection is waited for; one that is not free is not lost. */
  readonly patienceMs: number
  /** Hears of idle connections that drop. */
  readonly report: (error: unknown) => void
}

/** Little is asked there, and all that comes at once in one statement: the second is for a slow one. */
const PROMPT_CONNECTIONS = 2

/** Makes the pools; they connect when they are asked. */
export function openConnectionPools(options: PoolsOptions): ConnectionPools {
  const main = open(Math.max(1, options.maxConnections - PROMPT_CONNECTIONS), options)
  const prompt = open(PROMPT_CONNECTIONS, options)
  return {
    main,
    prompt,
    use: (parameters) => {
      for (const { pool } of [main, prompt]) Object.assign(pool.options, parameters)
    },
    end: async () => {
      await Promise.all([main.pool.end(), prompt.pool.end()])
    },
  }
}

function open(
  max: number,
  { settings, patienceMs, report }: PoolsOptions,
): Connections & { readonly pool: Pool } {
  const pool = new Pool({ ...settings, max })
  pool.on('error', report)
  // It listens only to idle clients; one that fails otherwise rejects what is asked of it.
  pool.on('connect', (client) => void client.on('error', () => undefined))
  // The pool's own line gives up as soon as a connection that does not come up.
  const line = createWaitingLine(max, patienceMs)
  return {
    pool,
    async query(statement) {
      await line.enter()
      try {
        return await pool.query(statement)
      } finally {
        line.leave()
      }
    },
    async hold(work) {
      await line.enter()
      try {
        const client = await pool.connect()
        let fault: Error | undefined
        try {
          return await work(client, (error) => (fault = error))
        } finally {
          client.release(fault)
        }
      } finally {
        line.leave()
      }
    },
  }
}
