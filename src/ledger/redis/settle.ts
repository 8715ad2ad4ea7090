import type { Redis } from 'ioredis'

import { encodeBrief } from '../brief.ts'
import { entryOf } from '../entry.ts'
import { encodeLast, encodeOutcome } from '../judgement.ts'
import type { Settled, Settlement } from '../ledger.ts'
import { parseState } from '../state.ts'
import { letterOf } from '../standing.ts'
import type { RedisKeys } from './keys.ts'
import { HISTORY } from './history.ts'
import { createScript, decide } from './script.ts'
import { CHECK, CLOCK, TRANSITION } from './transition.ts'
import { UNCERTAIN } from './uncertain-lua.ts'
import type { Usual } from './usual.ts'

/**
 * Values: id, retention, fence, 1 when more follows, attempts to add, time to the next attempt,
 * letter of the rest, last judgement, letter and last field of the entry, 1 or 0 when a session broke
 * or did not; then index, letter and judgement of each recipient.
 *
 * The holder of the claim moves pending recipients. A late marker moves those that its own mark
 * made uncertain, whatever was decided about them, until another final dot is on its way to them.
 * A holder that comes again after it has settled finds nothing to move. Answers 1 when it applies,
 * the state, 1 when it is late, how many were accepted, and how long until a plan is due.
 */
const ANY = createScript(`
local state, fence, standing, attempts, version, due, mark, marked, plan, way =
  unpack(redis.call('HMGET', KEYS[1], 's', 'f', 'p', 'k', 'v', 'q', 'g', 'i', 'z', 'a'))
if not state then return {0, 'queued', 0, 0, ''} end
${CHECK}
if isUnreadable(state, fence, standing, version) then return UNREADABLE end
${CLOCK}
${TRANSITION}
${HISTORY}
${UNCERTAIN}
local function attempted(how)
  local what = '\t' .. ARGV[3] .. '\t' .. ARGV[10]
  -- Whoever did not hear the answer settles again.
  if ARGV[9] == 'a' and not told(what) then tell(now, 'a' .. how .. what) end
end
local holds = state == 'active' and fence == ARGV[3]
local more, rest = holds and ARGV[4] == '1', ARGV[7]
local isLate, moved, turned = false, false, false
for i = 12, #ARGV, 3 do
  local index, letter = ARGV[i], ARGV[i + 1]
  local current = string.sub(standing, index + 1, index + 1)
  local mayMove = holds and (current == 'p' or current == 'q')
  if mayMove and current == 'q' and letter == 'p' then letter = 'q' end
  if not holds and redis.call('HGET', KEYS[1], 'y' .. index) == ARGV[3] then
    isLate = true
    mayMove = current == 'u' or current == 'a' or current == 'q'
    if letter == 'p' and rest ~= '' then letter = rest end
    -- What was cancelled or superseded meanwhile must not be tried again; what was accepted has no content left.
    if letter == 'p' then letter = string.match(standing, '[cs]') or 'p' end
    if letter == 'p' and current == 'a' then letter = 'r' end
    local isOnItsWay = mark and string.find(',' .. marked .. ',', ',' .. index .. ',', 1, true)
    if isOnItsWay and letter ~= 'd' then mayMove = false end
  end
  if mayMove then
    moved = true
    turned = turned or letter == 'u'
    standing = replace(standing, tonumber(index), letter)
    redis.call('HSET', KEYS[1], 'j' .. index, ARGV[i + 2])
  end
end
if not holds and not moved then
  local again = isLate or (fence == ARGV[3] and state ~= 'queued')
  if not again then attempted('w') end
  return {again and 1 or 0, state, isLate and 1 or 0, 0, state == 'uncertain' and due and due - now or ''}
end

if holds then
  if rest ~= '' then standing = string.gsub(string.gsub(standing, 'p', rest), 'q', 'u') end
  redis.call('HDEL', KEYS[1], 'g', 'i', 'z', 'n')
  if ARGV[11] == '1' then redis.call('HINCRBY', KEYS[1], 'b', 1) end
  if ARGV[11] == '0' then redis.call('HDEL', KEYS[1], 'b') end
end
if turned and holds then
  due = planUncertain(now, plan, mark)
elseif way and not string.find(standing, 'u', 1, true) then
  due = unplan()
end
if not string.find(standing, '[uq]') then redis.call('HDEL', KEYS[1], 'o') end
local ended = overall(standing)
if more or (state == 'active' and not holds) then ended = 'active' end
redis.call('HSET', KEYS[1], 'p', standing, 'u', now)
if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], 'l', ARGV[8]) end
if not more then redis.call('HSET', KEYS[1], 'k', (attempts or 0) + ARGV[5]) end
if ended ~= 'active' then
  redis.call('HDEL', KEYS[1], 'w')
  if ended ~= 'deferred' then
    redis.call('HDEL', KEYS[1], 'x')
  elseif state ~= 'deferred' and ARGV[6] ~= '' then
    redis.call('HSET', KEYS[1], 'x', string.format('%.0f', now + ARGV[6]))
  end
end
enter(state, ended, now)
attempted(holds and 's' or 'l')
if ARGV[9] == 'e' and holds then tell(now, 'e' .. ARGV[10]) end
local accepted = 0
if due and ended ~= 'active' and tonumber(due) <= tonumber(now) and redis.call('HGET', KEYS[1], 'a') == 'a' then
  standing, accepted = settleUncertain(now, standing, 'a', 'p')
  due = nil
  local after = overall(standing)
  enter(ended, after, now)
  ended = after
end
return {1, ended, holds and 0 or 1, accepted, ended == 'uncertain' and due and due - now or ''}
`)

/** Ends an attempt or one transaction of it. */
export async function settle(
  client: Redis,
  usual: Usual,
  keys: RedisKeys,
  retentionMs: number,
  id: string,
  fence: number,
  settlement: Settlement,
): Promise<Settled> {
  const { outcomes, rest, more, isAttempt, retryInMs } = settlement
  const last = encodeLast(settlement.last)
  const attempts = isAttempt ? 1 : 0
  const [only] = outcomes
  const isPlain = outcomes.length === 1 && only?.index === 0 && more !== true && rest === undefined
  // The only recipient's judgement is the last one, and is not kept twice.
  if (isPlain && only.state === 'delivered' && last !== '' && last === encodeOutcome(only)) {
    const brief = isAttempt ? encodeBrief(settlement.note) : undefined
    const values = [fence, last, attempts, brief ?? ''] as const
    const isShort = brief !== undefined || settlement.note === undefined
    const answer = isShort && (await usual({ key: keys.record(id), kind: 'deliver', values }))
    if (answer === 1) return { applied: true, state: 'delivered' }
  }
  const answer = await decide(
    client,
    ANY,
    id,
    [keys.record(id), keys.held, ...keys.history(id)],
    [
      id,
      retentionMs,
      fence,
      more === true ? 1 : 0,
      attempts,
      retryInMs === undefined ? '' : Math.ceil(retryInMs),
      rest === undefined ? '' : letterOf(rest),
      last,
      ...entryOf(settlement),
      isAttempt && more !== true ? (settlement.isBreak === true ? 1 : 0) : '',
      ...outcomes.flatMap((each) => [each.index, letterOf(each.state), encodeOutcome(each)]),
    ],
  )
  const [applied, state, late, accepted, dueInMs] = typeof answer === 'object' ? answer : []
  return {
    applied: applied === 1,
    state: parseState(state, id),
    ...(late === 1 && { isLate: true }),
    ...(Number(accepted) > 0 && { accepted: Number(accepted) }),
    ...(dueInMs !== '' && dueInMs !== undefined && { dueInMs: Math.max(0, Number(dueInMs)) }),
  }
}
