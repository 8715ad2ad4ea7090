import type { Redis } from 'ioredis'

/** The keys that match a pattern, without `KEYS`, which blocks servers and is forbidden to our user. */
export async function keysOf(client: Redis, pattern: string): Promise<readonly string[]> {
  const found = new Set<string>()
  for (let cursor = '0', isDone = false; !isDone; isDone = cursor === '0') {
    const [next, keys] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', 10_000)
    for (const key of keys) found.add(key)
    cursor = next
  }
  return [...found]
}
