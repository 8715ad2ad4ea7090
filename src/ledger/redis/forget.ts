import type { Redis } from 'ioredis'

import type { RedisKeys } from './keys.ts'
import { createScript, runScript } from './script.ts'

const SCRIPT = createScript(`
local known = redis.call('HMGET', KEYS[1], 's', 'f')
if known[1] == 'queued' and not known[2] then return redis.call('DEL', KEYS[1]) end
return 0
`)

/** Removes a record that nobody has claimed. */
export async function forget(client: Redis, keys: RedisKeys, id: string): Promise<void> {
  await runScript(client, SCRIPT, [keys.record(id)], [])
}
