import type { Redis } from 'ioredis'

import type { Rescheduled } from '../rescheduled.ts'
import { parseState } from '../state.ts'
import { HISTORY } from './history.ts'
import type { RedisKeys } from './keys.ts'
import { NEWEST } from './newest.ts'
import { createScript, decide } from './script.ts'
import { CHECK, CLOCK, TRANSITION } from './transition.ts'

/**
 * A message that nobody has claimed stays as it is but for its time: only so can be told that its
 * job may never have been added. Else the fence is raised, so that whoever holds the claim has lost
 * it. Values: id, retention, time.
 */
const SCRIPT = createScript(`
local state, fence, mark, standing, version, key =
  unpack(redis.call('HMGET', KEYS[1], 's', 'f', 'g', 'p', 'v', 'K'))
if not state then return 0 end
${CHECK}
if isUnreadable(state, fence, standing, version) then return UNREADABLE end
${TRANSITION}
if not isUnsent(state, mark, standing) then return state end
${CLOCK}
${HISTORY}
${NEWEST}
redis.call('HSET', KEYS[1], 'T', ARGV[3], 'u', now)
if key then remember(key) end
if fence then
  local raised = math.max(tonumber(fence) + 1, time[1] * 1000000 + time[2])
  redis.call('HDEL', KEYS[1], 'w', 'n')
  redis.call('HSET', KEYS[1], 'f', string.format('%.0f', raised), 'x', ARGV[3])
  enter(state, 'deferred', now)
end
tell(now, 'm' .. ARGV[3])
return 1
`)

/** Has a message sent at another time, unless a final dot has left. */
export async function reschedule(
  client: Redis,
  keys: RedisKeys,
  retentionMs: number,
  id: string,
  at: Date,
): Promise<Rescheduled> {
  const names = [keys.record(id), keys.held, ...keys.history(id), keys.newest('')]
  const answer = await decide(client, SCRIPT, id, names, [id, retentionMs, at.getTime()])
  if (answer === 0) return { kind: 'unknown' }
  if (answer === 1) return { kind: 'rescheduled' }
  return { kind: 'too-late', state: parseState(answer, id) }
}
