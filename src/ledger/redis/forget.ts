import type { Redis } from 'ioredis'

import type { RedisKeys } from './keys.ts'
import { createScript, runScript } from './script.ts'

const SCRIPT = createScript(`
local known = redis.call('HMGET', KEYS[1], 's', 'f')
if known[1] ~= 'queued' or known[2] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('DEL', KEYS[1])
`)

/** Removes a record that nobody has claimed, and the copy of its job. */
export async function forget(client: Redis, keys: RedisKeys, id: string): Promise<void> {
  await runScript(client, SCRIPT, [keys.record(id), ...keys.outbox], [id])
}
