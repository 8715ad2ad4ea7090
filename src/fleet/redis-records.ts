import type { RedisStore } from '../store/store.ts'
import type { ManagerRecords, RecordKind } from './records.ts'

const REPLACE = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
`

/** Records on Redis: one hash, `PREFIX-fleet:KIND`, a field per manager. */
export function recordsOnRedis({ client, prefix }: RedisStore, kind: RecordKind): ManagerRecords {
  const key = `${prefix}-fleet:${kind}`
  return {
    read: async (manager) => (await client.hget(key, manager)) ?? undefined,
    replace: async (manager, before = '', after = '') =>
      (await client.eval(REPLACE, 1, key, manager, before, after)) === 1,
    some: async (managers) => {
      const texts = await client.hmget(key, ...managers)
      return managers.flatMap((manager, at) => {
        const text = texts[at]
        return typeof text === 'string' ? [[manager, text] as const] : []
      })
    },
    all: async () => Object.entries(await client.hgetall(key)),
  }
}
