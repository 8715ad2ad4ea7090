import type { Redis } from 'ioredis'

import { reopenable, type Reopened, type ReopenOptions } from '../reopened.ts'
import { AGAIN } from '../standing.ts'
import { parseState } from '../state.ts'
import type { RedisKeys } from './keys.ts'
import { HISTORY } from './history.ts'
import { createScript, decide } from './script.ts'
import { CHECK, CLOCK, TRANSITION } from './transition.ts'

/**
 * What may have arrived is tried again as what was uncertain is. The fence is raised and the marks'
 * traces go, so that no late settlement of the time before changes what is tried again. Values: id,
 * retention, letters to reopen, 1 for uncertain ones too, then the states.
 */
const SCRIPT = createScript(`
local state, fence, standing, recorded, version =
  unpack(redis.call('HMGET', KEYS[1], 's', 'f', 'p', 't', 'v'))
if not state then return 0 end
${CHECK}
if isUnreadable(state, fence, standing, version) then return UNREADABLE end
local mayReopen = false
for i = 5, #ARGV do mayReopen = mayReopen or ARGV[i] == state end
if not mayReopen then return state end
${CLOCK}
${TRANSITION}
${HISTORY}
local raised = math.max((tonumber(fence) or 0) + 1, time[1] * 1000000 + time[2])
for index = 0, #standing - 1 do redis.call('HDEL', KEYS[1], 'y' .. index) end
redis.call('HDEL', KEYS[1], 'w', 'n', 'b', 'k', 'g', 'i', 'z', 'q', 'a', 'o', 'T', 'H')
redis.call('ZREM', KEYS[2] .. 'planned', ARGV[1])
standing = string.gsub(standing, '[' .. ARGV[3] .. ']', { u = '${AGAIN}', r = 'p', e = 'p' })
redis.call('HSET', KEYS[1], 'p', standing,
  'f', string.format('%.0f', raised), 't', now, 'u', now, 'x', now)
enter(state, 'deferred', now)
tell(now, 'o' .. recorded .. '\t' .. ARGV[4])
return 1
`)

/** Makes the refused and expired recipients of a held message pending again. */
export async function reopen(
  client: Redis,
  keys: RedisKeys,
  retentionMs: number,
  id: string,
  options: ReopenOptions,
): Promise<Reopened> {
  const { states, letters } = reopenable(options)
  const answer = await decide(
    client,
    SCRIPT,
    id,
    [keys.record(id), keys.held, ...keys.history(id)],
    [id, retentionMs, letters, options.evenIfUncertain === true ? 1 : 0, ...states],
  )
  if (answer === 0) return { kind: 'unknown' }
  return answer === 1 ? { kind: 'reopened' } : { kind: 'not-held', state: parseState(answer, id) }
}
