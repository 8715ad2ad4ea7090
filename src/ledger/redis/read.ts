import type { Redis } from 'ioredis'

import { decodeBrief } from '../brief.ts'
import { RecordUnreadableError } from '../errors.ts'
import { heldSpansOf } from '../held-spans.ts'
import { decodeJudgement } from '../judgement.ts'
import type { HeldState, Judgement, ListPage, ListQuery, MessageRecord } from '../ledger.ts'
import { cursorOf, parseCursor, type Place } from '../list-cursor.ts'
import { parseState } from '../state.ts'
import { isStanding, stateOf } from '../standing.ts'
import { wayOf } from '../uncertain.ts'
import { passOver, readable } from '../unreadable.ts'
import type { RedisKeys } from './keys.ts'
import { wholeMessageId } from './record.ts'

/** Reads one message; undefined when it is not known. */
export async function get(
  client: Redis,
  keys: RedisKeys,
  id: string,
): Promise<MessageRecord | undefined> {
  return readable(id, async () => recordOf(id, await client.hgetall(keys.record(id))))
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
  const unreadable: string[] = []
  const records = await Promise.all(
    page.map(({ id }) => get(client, keys, id).catch((error) => passOver(error, unreadable))),
  )
  const last = places.length > size ? page.at(-1) : undefined
  return {
    // Whoever was settled since the index was read is on no page any more.
    records: records.flatMap((record) => (record?.state === state ? record : [])),
    cursor: last && cursorOf(last),
    ...(unreadable.length > 0 && { unreadable }),
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

/** What is not as this version writes it is left alone, and said. */
function recordOf(id: string, hash: Readonly<Record<string, string>>): MessageRecord | undefined {
  if (hash['s'] === undefined && Object.keys(hash).length === 0) return undefined
  const standing = hash['p'] ?? ''
  const addresses = (hash['r'] ?? '').split('\n')
  if (hash['v'] !== undefined) throw new RecordUnreadableError(id, 'no newer version')
  if (standing.length !== addresses.length || !isStanding(standing)) {
    throw new RecordUnreadableError(id, 'a standing of its recipients')
  }
  const state = parseState(hash['s'], id)
  const isOnlyDelivered = addresses.length === 1 && state === 'delivered'
  const brief =
    state === 'delivered' && hash['h'] !== undefined ? decodeBrief(hash['h']) : undefined
  const lastOf = (encoded: string | undefined): Judgement | undefined => {
    if (encoded === undefined) return isOnlyDelivered ? last : undefined
    return decodeJudgement(encoded)
  }
  const last = brief?.last ?? decodeJudgement(hash['l'])
  return {
    id,
    connection: hash['c'] ?? '',
    state,
    messageId: hash['m'] === undefined ? undefined : wholeMessageId(id, hash['m']),
    acceptedAt: dateOf(id, hash['t']),
    updatedAt: dateOf(id, hash['u']),
    nextAttemptAt:
      state === 'deferred' && hash['x'] !== undefined ? dateOf(id, hash['x']) : undefined,
    attempts: brief ? 1 : Number(hash['k'] ?? 0),
    claims: Number(hash['n'] ?? 0),
    recipients: addresses.map((address, index) => ({
      address,
      state: stateOf(standing[index]),
      ...lastOf(hash[`j${index}`]),
    })),
    last,
    ...(hash['T'] !== undefined && { notBefore: dateOf(id, hash['T']) }),
    ...(hash['q'] !== undefined && {
      planned: { way: wayOf(hash['a']), at: dateOf(id, hash['q']) },
    }),
    ...heldSpansOf(hash['H']),
  }
}

function dateOf(id: string, milliseconds: string | undefined): Date {
  if (milliseconds === undefined || !/^\d{1,15}$/.test(milliseconds)) {
    throw new RecordUnreadableError(id, 'its times')
  }
  return new Date(Number(milliseconds))
}
