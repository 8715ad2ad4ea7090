import type { Redis } from 'ioredis'

import type { HeldState } from '../ledger.ts'
import type { OpenPage, OpenQuery, OpenRecord } from '../upkeep.ts'
import type { RedisKeys } from './keys.ts'
import { FORGET_HISTORY } from './history.ts'
import { createScript, decide, runScript } from './script.ts'
import { CLOCK } from './transition.ts'

/** Keys of the store that one page looks at; records of messages are among them. */
const KEYS_PER_PAGE = 500

/**
 * Key: what begins the keys of records, all of which are on its server. Values: how long untouched,
 * cursor, pattern, how many keys. Answers the next cursor, then key, state and connection of each
 * record that is open.
 */
const OPEN_OF = createScript(`
${CLOCK}
local next, keys = unpack(redis.call('SCAN', ARGV[2], 'MATCH', ARGV[3], 'COUNT', ARGV[4]))
local open = {next}
for _, key in ipairs(keys) do
  -- What is no record of a message is left to whoever asks for it by its id.
  local found = redis.pcall('HMGET', key, 's', 'u', 'c')
  local state, updated, connection = unpack(found.err and {} or found)
  if (state == 'queued' or state == 'active' or state == 'deferred')
    and (tonumber(updated) or 0) <= now - ARGV[1] then
    for _, value in ipairs({key, state, connection}) do open[#open + 1] = value end
  end
end
return open
`)

/**
 * Reads one page of the messages that are not at their end. The store is walked key by key:
 * an index of open messages would cost every message two writes more.
 */
export async function pageOpen(
  client: Redis,
  keys: RedisKeys,
  { untouchedForMs, cursor = '0' }: OpenQuery,
): Promise<OpenPage> {
  const start = keys.record('')
  const values = [Math.ceil(untouchedForMs), cursor, keys.everyRecord, KEYS_PER_PAGE]
  const answer = await runScript(client, OPEN_OF, [start], values)
  const [next = '0', ...flat] = typeof answer === 'object' ? answer.map(String) : []
  const records: OpenRecord[] = []
  for (let at = 0; at + 2 < flat.length; at += 3) {
    const id = flat[at]?.slice(start.length) ?? ''
    records.push({ id, state: openState(flat[at + 1]), connection: flat[at + 2] ?? '' })
  }
  return { records, cursor: next === '0' ? undefined : next }
}

function openState(text: unknown): OpenRecord['state'] {
  return text === 'active' || text === 'deferred' ? text : 'queued'
}

/** What was asked for under an id, as `record` was told. */
export async function digestOf(
  client: Redis,
  keys: RedisKeys,
  id: string,
): Promise<string | undefined> {
  return (await client.hget(keys.record(id), 'd')) ?? undefined
}

/** Keys: record, held prefix, those of its history. Values: id, state, how long held, connection. */
const REMOVE_HELD = createScript(`
local state, updated = unpack(redis.call('HMGET', KEYS[1], 's', 'u'))
${CLOCK}
if state ~= ARGV[2] or tonumber(updated) > now - ARGV[3] then return 0 end
${FORGET_HISTORY}
forgetHistory()
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2] .. state, ARGV[1])
redis.call('ZREM', KEYS[2] .. state .. ':' .. ARGV[4], ARGV[1])
redis.call('ZREM', KEYS[2] .. 'planned', ARGV[1])
return 1
`)

const HELD: readonly HeldState[] = ['uncertain', 'refused', 'expired']

/** Removes a message that has been held, unchanged, for `forMs`. */
export async function removeHeld(
  client: Redis,
  keys: RedisKeys,
  id: string,
  forMs: number,
): Promise<boolean> {
  const [state, connection] = await client.hmget(keys.record(id), 's', 'c')
  const held = HELD.find((known) => known === state)
  if (held === undefined) return false
  const answer = await decide(
    client,
    REMOVE_HELD,
    id,
    [keys.record(id), keys.held, ...keys.history(id)],
    [id, held, Math.ceil(forMs), connection ?? ''],
  )
  return answer === 1
}
