import type { Redis } from 'ioredis'

import type { RedisKeys } from './keys.ts'
import { FORGET_HISTORY } from './history.ts'
import { createScript, decide } from './script.ts'

const SCRIPT = createScript(`
local known = redis.call('HMGET', KEYS[1], 's', 'f')
if known[1] ~= 'queued' or known[2] then return 0 end
${FORGET_HISTORY}
forgetHistory()
redis.call('HDEL', KEYS[6], ARGV[1])
redis.call('ZREM', KEYS[7], ARGV[1])
return redis.call('DEL', KEYS[1])
`)

/** Removes a record that nobody has claimed, and the copy of its job. */
export async function forget(client: Redis, keys: RedisKeys, id: string): Promise<void> {
  const names = [keys.record(id), keys.held, ...keys.history(id), ...keys.outbox]
  await decide(client, SCRIPT, id, names, [id])
}
