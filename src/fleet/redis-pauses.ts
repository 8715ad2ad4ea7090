import type { RedisStore } from '../store/store.ts'
import type { PauseRecords } from './pauses.ts'

const REPLACE = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`

/** Records of pauses on Redis: one hash, `PREFIX-fleet:pauses`, a field per manager. */
export function pauseRecordsOnRedis({ client, prefix }: RedisStore): PauseRecords {
  const key = `${prefix}-fleet:pauses`
  return {
    read: async (manager) => (await client.hget(key, manager)) ?? undefined,
    replace: async (manager, before = '', after) =>
      (await client.eval(REPLACE, 1, key, manager, before, after)) === 1,
    all: async () => Object.entries(await client.hgetall(key)),
  }
}
