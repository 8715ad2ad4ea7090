import type { Redis } from 'ioredis'

import { decodeJudgement } from '../judgement.ts'
import type { HeldState, ListPage, ListQuery, MessageRecord } from '../ledger.ts'
import { cursorOf, parseCursor, type Place } from '../list-cursor.ts'
import { parseState } from '../state.ts'
import { stateOf } from '../standing.ts'
import type { RedisKeys } from './keys.ts'

/** Reads one message; undefined when it is not known. */
export async function get(
  client: Redis,
  keys: RedisKeys,
  id: string,
): Promise<MessageRecord | undefined> {
  return recordOf(id, await client.hgetall(keys.record(id)))
}

/** Reads a page of held messages, oldest first. */
export async function list(
  client: Redis,
  keys: RedisKeys,
  { state, connection, limit = 100, cursor }: ListQuery,
): Promise<ListPage> {
  const size = Math.min(Math.max(limit, 1), 1000)
  const after = parseCursor(cursor)
  const places = await placesAfter(client, keys.heldAs(state, connection), after, size + 1)
  const page = places.slice(0, size)
  const records = await Promise.all(page.map(({ id }) => get(client, keys, id)))
  const last = places.length > size ? page.at(-1) : undefined
  return {
    // Whoever was settled since the index was read is on no page any more.
    records: records.flatMap((record) => (record?.state === state ? record : [])),
    cursor: last && cursorOf(last),
  }
}

/** Counts the held messages of a connection. */
export async function countHeld(
  client: Redis,
  keys: RedisKeys,
  connection: string,
): Promise<Record<HeldState, number>> {
  const [uncertain, refused, expired] = await Promise.all([
    client.zcard(keys.heldAs('uncertain', connection)),
    client.zcard(keys.heldAs('refused', connection)),
    client.zcard(keys.heldAs('expired', connection)),
  ])
  return { uncertain, refused, expired }
}

/** Several may have come in one millisecond: those are in the order of their ids. */
async function placesAfter(
  client: Redis,
  key: string,
  after: Place | undefined,
  count: number,
): Promise<readonly Place[]> {
  const from = after?.since ?? 0
  const places: Place[] = []
  for (let offset = 0; places.length < count; offset += count) {
    const flat = await client.zrange(
      key,
      from,
      '+inf',
      'BYSCORE',
      'LIMIT',
      offset,
      count,
      'WITHSCORES',
    )
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const place = { id: flat[i] ?? '', since: Number(flat[i + 1]) }
      const isSeen = after && place.since === after.since && compareBytes(place.id, after.id) <= 0
      if (isSeen !== true) places.push(place)
    }
    if (flat.length < count * 2) break
  }
  return places.slice(0, count)
}

/** Orders as Redis does. */
function compareBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

function recordOf(id: string, hash: Readonly<Record<string, string>>): MessageRecord | undefined {
  if (hash['s'] === undefined) return undefined
  const state = parseState(hash['s'])
  const standing = hash['p'] ?? ''
  const addresses = (hash['r'] ?? '').split('\n')
  const isOnlyDelivered = addresses.length === 1 && state === 'delivered'
  return {
    id,
    connection: hash['c'] ?? '',
    state,
    messageId: hash['m'],
    acceptedAt: new Date(Number(hash['t'])),
    updatedAt: new Date(Number(hash['u'])),
    nextAttemptAt:
      state === 'deferred' && hash['x'] !== undefined ? new Date(Number(hash['x'])) : undefined,
    attempts: Number(hash['k'] ?? 0),
    claims: Number(hash['n'] ?? 0),
    recipients: addresses.map((address, index) => ({
      address,
      state: stateOf(standing[index]),
      ...decodeJudgement(hash[`j${index}`] ?? (isOnlyDelivered ? hash['l'] : undefined)),
    })),
    last: decodeJudgement(hash['l']),
  }
}
