import type { Redis } from 'ioredis'

import { composeTimeline } from '../compose-timeline.ts'
import type { StoredEntry } from '../entry.ts'
import { RecordUnreadableError } from '../errors.ts'
import type { Evicted, HistoryLimits, Timeline } from '../timeline.ts'
import type { RedisKeys } from './keys.ts'
import { createScript, decide, runScript } from './script.ts'
import { CLOCK } from './transition.ts'

/** More are dropped from the middle: how it began and how it went lately matter most. */
const MAX_ENTRIES = 64
const FIRST_ENTRIES = 8

/**
 * Lua that scripts share which leave an entry: they get the message's key first, its history's keys
 * as third to fifth, and its id as first value.
 */
export const HISTORY = `
local function told(suffix)
  for _, text in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
    if string.sub(text, -#suffix) == suffix then return true end
  end
  return false
end

local function tell(now, entry)
  local text = now .. ' ' .. entry
  local length, size = redis.call('RPUSH', KEYS[3], text), #text
  if length == 1 then redis.call('ZADD', KEYS[4], now, ARGV[1]) end
  if length > ${MAX_ENTRIES} then
    size = size - #redis.call('LINDEX', KEYS[3], ${FIRST_ENTRIES})
    redis.call('LSET', KEYS[3], ${FIRST_ENTRIES}, '')
    redis.call('LREM', KEYS[3], 1, '')
  end
  redis.call('HINCRBY', KEYS[1], 'e', 1)
  redis.call('HINCRBY', KEYS[5], ARGV[1], size)
  redis.call('HINCRBY', KEYS[5], '', size)
  local left = redis.call('PTTL', KEYS[1])
  if left > 0 then redis.call('PEXPIRE', KEYS[3], left) end
end
`

/** Lua that removes the history of the message whose id is the first value. */
export const FORGET_HISTORY = `
local function forgetHistory()
  redis.call('DEL', KEYS[3])
  redis.call('ZREM', KEYS[4], ARGV[1])
  local bytes = redis.call('HGET', KEYS[5], ARGV[1])
  if bytes then redis.call('HINCRBY', KEYS[5], '', '-' .. bytes) end
  redis.call('HDEL', KEYS[5], ARGV[1])
end
`

/** Values: id, entry. */
const NOTE = createScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
${CLOCK}
${HISTORY}
tell(now, ARGV[2])
return 1
`)

/** Leaves an entry of a message that is known. */
export async function note(
  client: Redis,
  keys: RedisKeys,
  id: string,
  entry: string,
): Promise<void> {
  const names = [keys.record(id), keys.held, ...keys.history(id)]
  await decide(client, NOTE, id, names, [id, entry])
}

/** Reads what happened to a message. */
export async function history(
  client: Redis,
  keys: RedisKeys,
  id: string,
): Promise<Timeline | undefined> {
  const answers = await client
    .multi()
    .hmget(keys.record(id), 'c', 't', 'u', 'f', 'w', 'h', 'e')
    .lrange(keys.history(id)[0], 0, -1)
    .exec()
  const [record, list] = (answers ?? []).map(([error, answer]) => {
    if (error !== null) throw new RecordUnreadableError(id, 'its history', { cause: error })
    return Array.isArray(answer) ? answer : []
  })
  const [connection, recorded, updated, fence, worker, brief, count] = (record ?? []).map(textOf)
  if (connection === undefined) return undefined
  return composeTimeline({
    id,
    connection,
    acceptedAt: new Date(Number(recorded)),
    updatedAt: new Date(Number(updated)),
    fence: Number(fence ?? 0),
    worker: worker ?? '',
    brief,
    stored: (list ?? []).map((text) => storedOf(String(text))),
    count: Number(count ?? 0),
  })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function storedOf(text: string): StoredEntry {
  const space = text.indexOf(' ')
  return { at: new Date(Number(text.slice(0, space))), text: text.slice(space + 1) }
}

/**
 * Keys: since, sizes, and what begins the keys of histories. Values: age in milliseconds, bytes,
 * limit. A history whose record has expired is gone already; its size is forgotten here.
 */
const EVICT = createScript(`
${CLOCK}
local evicted = 0
for _ = 1, tonumber(ARGV[3]) do
  local id, since = unpack(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES'))
  local bytes = tonumber(redis.call('HGET', KEYS[2], '')) or 0
  if not id or (tonumber(since) > now - ARGV[1] and bytes <= tonumber(ARGV[2])) then break end
  local entry = redis.call('LPOP', KEYS[3] .. id)
  local size = entry and #entry
  if entry then evicted = evicted + 1 end
  local next = redis.call('LINDEX', KEYS[3] .. id, 0)
  if next then
    redis.call('ZADD', KEYS[1], string.match(next, '^%d+'), id)
    redis.call('HINCRBY', KEYS[2], id, -size)
  else
    size = tonumber(redis.call('HGET', KEYS[2], id)) or 0
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[1], id)
  end
  redis.call('HINCRBY', KEYS[2], '', 0 - size)
end
return {evicted, tonumber(redis.call('HGET', KEYS[2], '')) or 0}
`)

/** Evicts the oldest entries. */
export async function evictHistory(
  client: Redis,
  keys: RedisKeys,
  { keepForMs, maxBytes }: HistoryLimits,
  limit: number,
): Promise<Evicted> {
  const [, since, sizes] = keys.history('')
  const values = [Math.ceil(keepForMs), maxBytes, limit]
  const answer = await runScript(client, EVICT, [since, sizes, keys.histories], values)
  const [entries, bytesLeft] = typeof answer === 'object' ? answer : []
  return { entries: Number(entries), bytesLeft: Number(bytesLeft) }
}
