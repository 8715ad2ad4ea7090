import type { Redis } from 'ioredis'

import type { ClaimRequest } from '../claim-request.ts'
import type { Claim } from '../claim.ts'
import { heldSpansOf } from '../held-spans.ts'
import { parseFinalState } from '../state.ts'
import { pendingIn } from '../standing.ts'
import { planDoneOf } from '../uncertain.ts'
import type { RedisKeys } from './keys.ts'
import { HISTORY } from './history.ts'
import { NEWEST } from './newest.ts'
import { createScript, decide, type Answer } from './script.ts'
import { CHECK, CLOCK, TRANSITION } from './transition.ts'
import { UNCERTAIN } from './uncertain-lua.ts'
import type { Usual } from './usual.ts'

/** Values: id, retention, worker, connection, recipients, their number, the digest or nothing, and the manager or nothing. */
const SCRIPT = createScript(`
local state, fence, mark, standing, claims, attempts, recorded, holder, updated, version, breaks, due,
  notBefore, key, manager, digest, spans = unpack(redis.call('HMGET', KEYS[1],
    's', 'f', 'g', 'p', 'n', 'k', 't', 'w', 'u', 'v', 'b', 'q', 'T', 'K', 'M', 'd', 'H'))
${CLOCK}
${CHECK}
if state and isUnreadable(state, fence, standing, version) then return UNREADABLE end
if digest and ARGV[7] ~= '' and digest ~= ARGV[7] then return 'conflict' end
if not state then
  state, standing, recorded = 'queued', string.rep('p', ARGV[6]), now
  redis.call('HSET', KEYS[1], 'c', ARGV[4], 'r', ARGV[5], 'p', standing, 't', now)
end

${HISTORY}
${NEWEST}
local turned, way, count = 0, '', 0
local isEarly = notBefore and tonumber(notBefore) > tonumber(now)
local function mayHaveGone() return string.find(standing, '[uq]') end
-- Nothing is written down of the manager that has the connection's own name.
local function isElsewhere()
  return ARGV[8] ~= '' and (manager or ARGV[4]) ~= ARGV[8] and mayHaveGone()
end
local function died() tell(now, 'd' .. (holder or '') .. '\t' .. updated) end
local function take()
  if isEarly then return 'early:' .. notBefore - now end
  if isElsewhere() then return {'elsewhere', manager or ARGV[4], turned, way, count} end
  if key then remember(key) end
  if state == 'active' and not mark then died() end
  local raised = math.max((tonumber(fence) or 0) + 1, time[1] * 1000000 + time[2])
  claims = (tonumber(claims) or 0) + 1
  redis.call('HSET', KEYS[1], 's', 'active', 'f', string.format('%.0f', raised), 'w', ARGV[3],
    'n', claims, 'u', now)
  if not mayHaveGone() then
    local called = ARGV[8] ~= '' and ARGV[8] ~= ARGV[4] and ARGV[8]
    if called and called ~= manager then redis.call('HSET', KEYS[1], 'M', called) end
    if manager and not called then redis.call('HDEL', KEYS[1], 'M') end
  end
  local since = math.max(tonumber(recorded), tonumber(notBefore) or 0)
  return {raised, standing, tonumber(attempts) or 0, claims, now - since, turned,
    tonumber(breaks) or 0, way, count, notBefore or '', redis.call('HGET', KEYS[1], 'H') or ''}
end

local isOpen = state == 'queued' or state == 'active' or state == 'deferred'
if not isOpen and not (due and state == 'uncertain') then return state end
local isDue = due and tonumber(due) <= tonumber(now)
local newer = newerThan(key)
if isOpen and not mark and not isDue and not newer and string.find(standing, '[pq]') then
  return take()
end
if mark and tonumber(mark) > tonumber(now) then return tonumber(mark) - now end

${TRANSITION}
${UNCERTAIN}
if mark then
  local indices, plan = unpack(redis.call('HMGET', KEYS[1], 'i', 'z'))
  for index in string.gmatch(indices, '%d+') do
    -- A late answer to an earlier dot may have settled it meanwhile.
    if string.find(string.sub(standing, index + 1, index + 1), '[pq]') then
      standing = replace(standing, tonumber(index), 'u')
      turned = turned + 1
      redis.call('HSET', KEYS[1], 'y' .. index, fence)
    end
  end
  redis.call('HDEL', KEYS[1], 'g', 'i', 'z')
  redis.call('HSET', KEYS[1], 'p', standing)
  tell(now, 'u' .. (holder or '') .. '\t' .. indices)
  if turned > 0 then due = planUncertain(now, plan, mark) end
  -- The final dot was what the claim came to, also when it is sent again at once.
  if not string.find(standing, '[pq]') then
    claims = 0
    redis.call('HDEL', KEYS[1], 'n')
  end
  isDue = due and tonumber(due) <= tonumber(now)
end
if newer and due and redis.call('HGET', KEYS[1], 'a') == 'r' then
  due = unplan()
  isDue = false
end
if isDue then
  way = redis.call('HGET', KEYS[1], 'a')
  standing, count, recorded = settleUncertain(now, standing, way, 'p', heldSince(state, updated))
  -- The attempt of whoever died without a word counts all the same.
  if way == 'r' and turned > 0 then attempts = redis.call('HINCRBY', KEYS[1], 'k', 1) end
  due = nil
end
local wasSuperseded = newer and string.find(standing, '[pq]')
if wasSuperseded then
  standing = supersede(now, standing, fence, newer)
elseif string.find(standing, '[pq]') then
  -- Whoever may not have it takes it from nobody.
  local isHeld = state == 'active' and not mark
  local isLeft = not isHeld and (isEarly or isElsewhere())
  enter(state, isLeft and overall(standing) or 'active', now)
  return take()
end
local ended = overall(standing)
if state ~= 'uncertain' or ended ~= 'uncertain' then
  redis.call('HSET', KEYS[1], 'u', now)
  redis.call('HDEL', KEYS[1], 'w', 'n', 'x')
  if state == 'active' and not mark and not wasSuperseded then died() end
  enter(state, ended, now)
end
return table.concat({ended, turned, way, count, due and due - now or ''}, ':')
`)

/** Takes a message for a worker; marked recipients whose time is over become `uncertain` first. */
export async function claim(
  client: Redis,
  usual: Usual,
  keys: RedisKeys,
  retentionMs: number,
  { id, worker, connection, recipients, digest = '', manager = '' }: ClaimRequest,
): Promise<Claim> {
  const key = keys.record(id)
  const values = [worker, connection, digest, manager] as const
  const untouched = await usual({ key, kind: 'claim', values })
  if (typeof untouched === 'string') return firstClaim(untouched)
  const answer = await decide(
    client,
    SCRIPT,
    id,
    [key, keys.held, ...keys.history(id), keys.newest('')],
    [
      id,
      retentionMs,
      worker,
      connection,
      recipients.join('\n'),
      recipients.length,
      digest,
      manager,
    ],
  )
  if (answer === 'conflict') return { kind: answer }
  if (typeof answer === 'string' && answer.startsWith('early:')) {
    return { kind: 'early', dueInMs: Number(answer.slice('early:'.length)) }
  }
  if (typeof answer === 'string') return settledOf(answer, id)
  if (typeof answer === 'number') return { kind: 'in-doubt', retryInMs: answer }
  if (answer[0] === 'elsewhere') return elsewhereOf(answer)
  const [fence, standing, attempts, claims, ageMs, turned, breaks, way, count, notBefore, held] =
    answer
  const done = planDoneOf(way, count)
  return {
    kind: 'claimed',
    fence: Number(fence),
    pending: pendingIn(String(standing)),
    attempts: Number(attempts),
    claims: Number(claims),
    breaks: Number(breaks),
    ageMs: Number(ageMs),
    ...heldSpansOf(held),
    turned: Number(turned),
    ...(notBefore !== '' && { notBefore: Number(notBefore) }),
    ...(done && { done }),
  }
}

/** Nobody has claimed it before, nor done anything else to it. */
function firstClaim(answer: string): Claim {
  const [fence, standing = '', ageMs] = answer.split(' ')
  return {
    kind: 'claimed',
    fence: Number(fence),
    pending: pendingIn(standing),
    attempts: 0,
    claims: 1,
    breaks: 0,
    ageMs: Number(ageMs),
    turned: 0,
  }
}

function settledOf(answer: string, id: string): Claim {
  const [state = '', turned = 0, way, count, dueInMs = ''] = answer.split(':')
  const done = planDoneOf(way, count)
  return {
    kind: 'settled',
    state: parseFinalState(state, id),
    turned: Number(turned),
    ...(done && { done }),
    ...(dueInMs !== '' && { dueInMs: Number(dueInMs) }),
  }
}

function elsewhereOf([, manager, turned, way, count]: Exclude<Answer, string | number>): Claim {
  const done = planDoneOf(way, count)
  return {
    kind: 'elsewhere',
    manager: String(manager),
    turned: Number(turned),
    ...(done && { done }),
  }
}
