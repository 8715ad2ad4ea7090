import type { Redis } from 'ioredis'

import { HELD } from '../entry.ts'
import { parseState } from '../state.ts'
import {
  letterOfWay,
  wayOf,
  type DueUncertain,
  type UncertainDecision,
  type UncertainSettled,
} from '../uncertain.ts'
import { HISTORY } from './history.ts'
import type { RedisKeys } from './keys.ts'
import { createScript, decide, runScript } from './script.ts'
import { CHECK, CLOCK, TRANSITION } from './transition.ts'
import { UNCERTAIN } from './uncertain-lua.ts'

/** Values: id, retention, and `r`, `a`, `hold` or `planned`. */
const SETTLE = createScript(`
local state, fence, standing, version, due, way, updated =
  unpack(redis.call('HMGET', KEYS[1], 's', 'f', 'p', 'v', 'q', 'a', 'u'))
if not state then return 'unknown' end
${CHECK}
if isUnreadable(state, fence, standing, version) then return UNREADABLE end
if not string.find(standing, 'u', 1, true) then return {'not-uncertain', state} end
${CLOCK}
${TRANSITION}
${HISTORY}
${UNCERTAIN}
if ARGV[3] == 'hold' then
  hold()
  if due then tell(now, '${HELD}') end
  return {'held', state}
end
local isPlanned = ARGV[3] == 'planned'
if isPlanned and not (due and tonumber(due) <= tonumber(now)) then return {'not-due', state} end
if not isPlanned then way = ARGV[3] end
local count
standing, count =
  settleUncertain(now, standing, way, isPlanned and 'p' or 'o', heldSince(state, updated))
if state == 'uncertain' then
  local ended = overall(standing)
  redis.call('HSET', KEYS[1], 'u', now)
  if ended == 'deferred' then redis.call('HSET', KEYS[1], 'x', now) end
  enter(state, ended, now)
  state = ended
end
return {'settled', state, way, count}
`)

/** Settles the uncertain recipients of a message. */
export async function settleUncertain(
  client: Redis,
  keys: RedisKeys,
  retentionMs: number,
  id: string,
  decision: UncertainDecision,
): Promise<UncertainSettled> {
  const how = decision === 'resend' || decision === 'accept' ? letterOfWay(decision) : decision
  const answer = await decide(
    client,
    SETTLE,
    id,
    [keys.record(id), keys.held, ...keys.history(id)],
    [id, retentionMs, how],
  )
  const [kind, text, way, count] = typeof answer === 'object' ? answer : [answer]
  if (kind === 'unknown') return { kind }
  const state = parseState(text, id)
  if (kind === 'held' || kind === 'not-due' || kind === 'not-uncertain') return { kind, state }
  return { kind: 'settled', state, way: wayOf(way), recipients: Number(count) }
}

/** Keys: the plans, and what begins the keys of records. Values: offset, limit. */
const DUE = createScript(`
${CLOCK}
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', ARGV[1], ARGV[2])) do
  local record = redis.pcall('HMGET', KEYS[2] .. id, 'c', 'a')
  local connection, way = unpack(record.err and {} or record)
  for _, value in ipairs({id, connection or '', way or ''}) do found[#found + 1] = value end
end
return found
`)

/** The messages whose plan is due. */
export async function dueUncertain(
  client: Redis,
  keys: RedisKeys,
  offset: number,
  limit: number,
): Promise<readonly DueUncertain[]> {
  const answer = await runScript(
    client,
    DUE,
    [`${keys.held}planned`, keys.record('')],
    [offset, limit],
  )
  const flat = typeof answer === 'object' ? answer.map(String) : []
  const found: DueUncertain[] = []
  for (let at = 0; at + 2 < flat.length; at += 3) {
    const [id = '', connection = '', way = ''] = flat.slice(at, at + 3)
    found.push({ id, connection, way: wayOf(way) })
  }
  return found
}
