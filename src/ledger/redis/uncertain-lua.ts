import { MAX_HELD_SPANS } from '../held-spans.ts'
import { encodeJudgement } from '../judgement.ts'
import { ACCEPTED, AGAIN } from '../standing.ts'
import { ACCEPTED_UNCERTAIN } from '../uncertain.ts'

const JUDGEMENT = encodeJudgement({ stage: 'dot', rule: ACCEPTED_UNCERTAIN })

const UNPLAN = `
local function unplan()
  redis.call('HDEL', KEYS[1], 'q', 'a')
  redis.call('ZREM', KEYS[2] .. 'planned', ARGV[1])
  return nil
end
`

/** Lua for who ends a message before its time: a plan does not send again what may have arrived. */
export const FORGO_RESEND = `
${UNPLAN}
local function forgoResend()
  if redis.call('HGET', KEYS[1], 'a') ~= 'r' then return false end
  unplan()
  return true
end
`

/**
 * Lua that scripts share which decide about uncertain recipients, behind `TRANSITION` and `HISTORY`.
 *
 * `planUncertain` answers when a plan is due, or nothing when they are held: by no plan, or because
 * somebody said so, which counts for whoever becomes uncertain beside them too. `settleUncertain`
 * answers the standing, how many there were, and since when the message ages; `heldSince` answers since
 * when the message as a whole has been held, because it does not age meanwhile.
 */
export const UNCERTAIN = `
${UNPLAN}
local function hold()
  unplan()
  redis.call('HSET', KEYS[1], 'a', 'h')
end

local function planUncertain(now, plan, answerUntil)
  if redis.call('HGET', KEYS[1], 'a') == 'h' then return nil end
  local way, after, most = string.match(plan or '', '^(%l):(%d+):(%d+)$')
  local resends = tonumber(redis.call('HGET', KEYS[1], 'o')) or 0
  if not way or (way == 'r' and resends >= tonumber(most)) then return unplan() end
  local due = now + after
  if way == 'r' then due = math.max(due, tonumber(answerUntil) or 0) end
  due = string.format('%.0f', due)
  redis.call('HSET', KEYS[1], 'q', due, 'a', way)
  redis.call('ZADD', KEYS[2] .. 'planned', due, ARGV[1])
  return due
end

local function withSpan(spans, from, to)
  spans = (spans and spans .. ',' or '') .. from .. '-' .. to
  while select(2, string.gsub(spans, ',', ',')) >= ${MAX_HELD_SPANS} do
    local a, b, c, rest = string.match(spans, '^(%d+)%-(%d+),(%d+)(.*)$')
    spans = string.format('%.0f', c - (b - a)) .. rest
  end
  return spans
end

local function heldSince(state, updated)
  return state == 'uncertain'
    and (redis.call('ZSCORE', KEYS[2] .. 'uncertain', ARGV[1]) or updated)
end

local function settleUncertain(now, standing, way, by, since)
  local indices = {}
  for place = 1, #standing do
    if string.sub(standing, place, place) == 'u' then
      indices[#indices + 1] = place - 1
      if way == 'a' then redis.call('HSET', KEYS[1], 'j' .. (place - 1), '${JUDGEMENT}') end
    end
  end
  local recorded = redis.call('HGET', KEYS[1], 't')
  local ages = recorded
  if way == 'a' then
    redis.call('HSET', KEYS[1], 'l', '${JUDGEMENT}')
  else
    if since then
      ages = string.format('%.0f', recorded + now - since)
      redis.call('HSET', KEYS[1], 'H', withSpan(redis.call('HGET', KEYS[1], 'H'), since, now))
    end
    redis.call('HSET', KEYS[1], 't', ages)
    if by == 'p' then redis.call('HINCRBY', KEYS[1], 'o', 1) else redis.call('HDEL', KEYS[1], 'o') end
  end
  unplan()
  standing = string.gsub(standing, 'u', way == 'a' and '${ACCEPTED}' or '${AGAIN}')
  redis.call('HSET', KEYS[1], 'p', standing)
  tell(now, 's' .. way .. '\\t' .. by .. '\\t' .. table.concat(indices, ',') .. '\\t' .. recorded)
  return standing, #indices, ages
end
`
