import type { Redis } from 'ioredis'

import { CANCELLED_BRIEF } from '../compose-timeline.ts'
import { HELD } from '../entry.ts'
import type { Cancelled } from '../ledger.ts'
import { parseState } from '../state.ts'
import type { RedisKeys } from './keys.ts'
import { HISTORY } from './history.ts'
import { createScript, decide } from './script.ts'
import { CHECK, CLOCK, TRANSITION } from './transition.ts'
import { FORGO_RESEND } from './uncertain-lua.ts'

/**
 * The fence is raised, so that whoever holds the claim has lost it. What may have arrived is not
 * sent again, also by no plan, and is as uncertain as before; the same where it is too late. What was
 * cancelled once stays so, whatever has become of the other recipients. Values: id, retention.
 */
const SCRIPT = createScript(`
local state, fence, mark, standing, version, entries =
  unpack(redis.call('HMGET', KEYS[1], 's', 'f', 'g', 'p', 'v', 'e'))
if not state then return 0 end
${CHECK}
if isUnreadable(state, fence, standing, version) then return UNREADABLE end
${TRANSITION}
${CLOCK}
${HISTORY}
${FORGO_RESEND}
if not isUnsent(state, mark, standing) then
  if state == 'uncertain' and forgoResend() then tell(now, '${HELD}') end
  if mark and string.sub(redis.call('HGET', KEYS[1], 'z') or '', 1, 1) == 'r' then
    redis.call('HDEL', KEYS[1], 'z')
  end
  return state ~= 'active' and string.find(standing, 'c', 1, true) and 1 or state
end
local raised = math.max((tonumber(fence) or 0) + 1, time[1] * 1000000 + time[2])
standing = string.gsub(string.gsub(standing, 'p', 'c'), 'q', 'u')
redis.call('HDEL', KEYS[1], 'w', 'n', 'x')
forgoResend()
redis.call('HSET', KEYS[1], 'p', standing, 'f', string.format('%.0f', raised), 'u', now)
local ended = overall(standing)
enter(state, ended, now)
if ended == 'cancelled' and not entries then
  redis.call('HSET', KEYS[1], 'h', '${CANCELLED_BRIEF}')
else
  tell(now, 'c')
end
return string.find(standing, 'c', 1, true) and 1 or ended
`)

/** Cancels the recipients that are pending, unless a final dot has left. */
export async function cancel(
  client: Redis,
  keys: RedisKeys,
  retentionMs: number,
  id: string,
): Promise<Cancelled> {
  const names = [keys.record(id), keys.held, ...keys.history(id)]
  const answer = await decide(client, SCRIPT, id, names, [id, retentionMs])
  if (answer === 0) return { kind: 'unknown' }
  if (answer === 1) return { kind: 'cancelled' }
  return { kind: 'too-late', state: parseState(answer, id) }
}
