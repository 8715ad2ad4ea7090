import type { Redis } from 'ioredis'

import type { HeldState } from '../ledger.ts'
import type { OpenPage, OpenQuery, OpenRecord } from '../upkeep.ts'
import type { RedisKeys } from './keys.ts'
import { createScript, runScript } from './script.ts'
import { CLOCK } from './transition.ts'

/** Keys of the store that one page looks at; records of messages are among them. */
const KEYS_PER_PAGE = 500

/** Value: how long untouched. Answers place, state and connection of the records that are open. */
const OPEN_OF = createScript(`
${CLOCK}
local found = {}
for place, key in ipairs(KEYS) do
  local state, updated, connection = unpack(redis.call('HMGET', key, 's', 'u', 'c'))
  if (state == 'queued' or state == 'active' or state == 'deferred')
    and (tonumber(updated) or 0) <= now - ARGV[1] then
    for _, value in ipairs({place, state, connection}) do found[#found + 1] = value end
  end
end
return found
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
  const [next, found] = await client.scan(cursor, 'MATCH', keys.everyRecord, 'COUNT', KEYS_PER_PAGE)
  const records = found.length === 0 ? [] : await openOf(client, keys, found, untouchedForMs)
  return { records, cursor: next === '0' ? undefined : next }
}

async function openOf(
  client: Redis,
  keys: RedisKeys,
  found: readonly string[],
  untouchedForMs: number,
): Promise<readonly OpenRecord[]> {
  const answer = await runScript(client, OPEN_OF, found, [Math.ceil(untouchedForMs)])
  const flat = typeof answer === 'object' ? answer : []
  const records: OpenRecord[] = []
  for (let at = 0; at + 2 < flat.length; at += 3) {
    const id = found[Number(flat[at]) - 1]?.slice(keys.record('').length) ?? ''
    records.push({ id, state: openState(flat[at + 1]), connection: String(flat[at + 2]) })
  }
  return records
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

/** Keys: record, then the sorted sets of its state. Values: id, state, how long held. */
const REMOVE_HELD = createScript(`
local state, updated = unpack(redis.call('HMGET', KEYS[1], 's', 'u'))
${CLOCK}
if state ~= ARGV[2] or tonumber(updated) > now - ARGV[3] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
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
  const answer = await runScript(
    client,
    REMOVE_HELD,
    [keys.record(id), keys.heldAs(held), keys.heldAs(held, connection ?? '')],
    [id, held, Math.ceil(forMs)],
  )
  return answer === 1
}
