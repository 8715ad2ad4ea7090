import type { Redis } from 'ioredis'

import type { Claim, ClaimRequest } from '../ledger.ts'
import { parseFinalState } from '../state.ts'
import { pendingIn } from '../standing.ts'
import type { RedisKeys } from './keys.ts'
import { HISTORY } from './history.ts'
import { createScript, decide } from './script.ts'
import { CHECK, CLOCK, TRANSITION } from './transition.ts'

/** Values: id, retention, worker, connection, recipients, their number, and the digest or nothing. */
const SCRIPT = createScript(`
local state, fence, mark, standing, claims, attempts, recorded, holder, updated, version, breaks =
  unpack(redis.call('HMGET', KEYS[1], 's', 'f', 'g', 'p', 'n', 'k', 't', 'w', 'u', 'v', 'b'))
${CLOCK}
${CHECK}
if state and isUnreadable(state, fence, standing, version) then return UNREADABLE end
local digest = ARGV[7] ~= '' and redis.call('HGET', KEYS[1], 'd')
if digest and digest ~= ARGV[7] then return 'conflict' end
if not state then
  state, standing, recorded = 'queued', string.rep('p', ARGV[6]), now
  redis.call('HSET', KEYS[1], 'c', ARGV[4], 'r', ARGV[5], 'p', standing, 't', now)
end

${HISTORY}
local turned = 0
local function take()
  if state == 'active' and not mark then
    tell(now, 'd' .. (holder or '') .. '\t' .. updated)
  end
  local raised = math.max((tonumber(fence) or 0) + 1, time[1] * 1000000 + time[2])
  claims = (tonumber(claims) or 0) + 1
  redis.call('HSET', KEYS[1], 's', 'active', 'f', string.format('%.0f', raised), 'w', ARGV[3],
    'n', claims, 'u', now)
  return {raised, standing, tonumber(attempts) or 0, claims, tonumber(now) - recorded, turned,
    tonumber(breaks) or 0}
end

local isOpen = state == 'queued' or state == 'active' or state == 'deferred'
if not isOpen then return state end
if not mark and string.find(standing, 'p', 1, true) then return take() end
if mark and tonumber(mark) > tonumber(now) then return tonumber(mark) - now end

${TRANSITION}
if mark then
  local indices = redis.call('HGET', KEYS[1], 'i')
  for index in string.gmatch(indices, '%d+') do
    standing = replace(standing, tonumber(index), 'u')
    turned = turned + 1
    redis.call('HSET', KEYS[1], 'y' .. index, fence)
  end
  redis.call('HDEL', KEYS[1], 'g', 'i')
  redis.call('HSET', KEYS[1], 'p', standing)
  tell(now, 'u' .. (holder or '') .. '\t' .. indices)
end
if string.find(standing, 'p', 1, true) then return take() end
redis.call('HSET', KEYS[1], 'u', now)
redis.call('HDEL', KEYS[1], 'w', 'n', 'x')
local ended = overall(standing)
enter(state, ended, now)
return ended .. ':' .. turned
`)

/** Takes a message for a worker; marked recipients whose time is over become `uncertain` first. */
export async function claim(
  client: Redis,
  keys: RedisKeys,
  retentionMs: number,
  { id, worker, connection, recipients, digest = '' }: ClaimRequest,
): Promise<Claim> {
  const answer = await decide(
    client,
    SCRIPT,
    id,
    [keys.record(id), keys.held, ...keys.history(id)],
    [id, retentionMs, worker, connection, recipients.join('\n'), recipients.length, digest],
  )
  if (answer === 'conflict') return { kind: answer }
  if (typeof answer === 'string') {
    const [state = '', turned = 0] = answer.split(':')
    return { kind: 'settled', state: parseFinalState(state, id), turned: Number(turned) }
  }
  if (typeof answer === 'number') return { kind: 'in-doubt', retryInMs: answer }
  const [fence, standing, attempts, claims, ageMs, turned, breaks] = answer
  return {
    kind: 'claimed',
    fence: Number(fence),
    pending: pendingIn(String(standing)),
    attempts: Number(attempts),
    claims: Number(claims),
    breaks: Number(breaks),
    ageMs: Number(ageMs),
    turned: Number(turned),
  }
}
