import { randomUUID } from 'node:crypto'

import type { PostgresStore, RedisStore, Store } from '../store/store.ts'
import { planContent, prepareContent } from './postgres-tables.ts'

/**
 * Tells which deployment a store belongs to: a name that all who use its prefix or schema share, by
 * whatever address and user they reach it, and nobody else has. The store made it once and keeps it.
 */
export function homeOf(store: Store): () => Promise<string> {
  const ask = store.kind === 'redis' ? () => inRedis(store) : inPostgres(store)
  let known: string | undefined
  return async () => (known ??= await ask())
}

async function inRedis({ client, prefix }: RedisStore): Promise<string> {
  const key = `${prefix}-content-home`
  const mine = randomUUID()
  await client.setnx(key, mine)
  return (await client.get(key)) ?? mine
}

function inPostgres(store: PostgresStore): () => Promise<string> {
  const { pool } = store
  pool.prepare(
    (client) => prepareContent(client, store),
    (client) => planContent(client, store),
  )
  return async () => {
    const { rows } = await pool.outside(() =>
      pool.query<{ id: string }>('select id from content_home'),
    )
    const [found] = rows
    if (found === undefined) throw new Error('the table "content_home" has lost its row')
    return found.id
  }
}
