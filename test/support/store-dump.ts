import { Redis } from 'ioredis'

import type { TestStore } from './stores.ts'
import { keysOf } from './redis-keys.ts'
import { connectPostgres } from './postgres-users.ts'

/** Everything that a test's part of a store holds, as one text. */
export async function dumpStore({ queue, prefix, schema }: TestStore): Promise<string> {
  return queue.startsWith('redis') ? dumpRedis(queue, prefix) : dumpPostgres(queue, schema)
}

async function dumpRedis(url: string, prefix: string): Promise<string> {
  const client = new Redis(url)
  try {
    const keys = await keysOf(client, `${prefix}*`)
    const dumps = await Promise.all(keys.map((key) => dumpKey(client, key)))
    return dumps.join('\n')
  } finally {
    client.disconnect()
  }
}

async function dumpKey(client: Redis, key: string): Promise<string> {
  const type = await client.type(key)
  const read: Readonly<Record<string, () => Promise<unknown>>> = {
    string: () => client.get(key),
    hash: () => client.hgetall(key),
    list: () => client.lrange(key, 0, -1),
    set: () => client.smembers(key),
    zset: () => client.zrange(key, '0', '-1'),
    stream: () => client.xrange(key, '-', '+'),
    none: () => Promise.resolve(''),
  }
  const value = await read[type]?.()
  if (value === undefined) throw new Error(`expected a type that is known, got "${type}"`)
  return `${key} ${JSON.stringify(value)}`
}

async function dumpPostgres(location: string, schema: string): Promise<string> {
  const client = await connectPostgres(location)
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      'select tablename as name from pg_tables where schemaname = $1',
      [schema],
    )
    const texts: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(
        `select t::text as row from "${schema}"."${name}" t`,
      )
      texts.push(...rows.map(({ row }) => `${name} ${row}`))
    }
    return texts.join('\n')
  } finally {
    await client.end()
  }
}
