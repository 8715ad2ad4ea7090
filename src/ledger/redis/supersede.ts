import type { Redis } from 'ioredis'

import { HISTORY } from './history.ts'
import type { RedisKeys } from './keys.ts'
import { NEWEST } from './newest.ts'
import { createScript, decide } from './script.ts'
import { CHECK, CLOCK, TRANSITION } from './transition.ts'

/** Values: id, retention. */
const SCRIPT = createScript(`
local state, fence, mark, standing, version, key =
  unpack(redis.call('HMGET', KEYS[1], 's', 'f', 'g', 'p', 'v', 'K'))
if not state then return 0 end
${CHECK}
if isUnreadable(state, fence, standing, version) then return UNREADABLE end
${TRANSITION}
if not isUnsent(state, mark, standing) then return 0 end
${CLOCK}
${HISTORY}
${NEWEST}
local by = newerThan(key)
if not by then return 0 end
enter(state, overall(supersede(now, standing, fence, by)), now)
return 1
`)

/** Ends a message that a newer one has superseded, unless a final dot has left. */
export async function supersede(
  client: Redis,
  keys: RedisKeys,
  retentionMs: number,
  id: string,
): Promise<boolean> {
  const names = [keys.record(id), keys.held, ...keys.history(id), keys.newest('')]
  return (await decide(client, SCRIPT, id, names, [id, retentionMs])) === 1
}
