import { randomUUID } from 'node:crypto'

import type { Redis } from 'ioredis'

import type { ContentRef } from '../job/content-ref.ts'
import type { RedisStore } from '../store/store.ts'
import type { ContentLimits, ContentOwner, ContentSource, ContentStore } from './content.ts'
import { ContentMissingError, ContentStoreFullError, ContentTooLargeError } from './errors.ts'
import { pieceCount, piecesOf } from './pieces.ts'
import { createContentList, type ContentList } from './redis-list.ts'
import { DISCARD, DROP, HOLD, LET_GO, MARK_WHOLE } from './redis-scripts.ts'
import { isIntact } from './verify.ts'

/** How long an upload may last; what is left of one is gone after it. */
const UPLOAD_MS = 3_600_000

/**
 * Content as strings of 256 KiB in Redis.
 *
 * | key | type | content |
 * |---|---|---|
 * | `PREFIX-content:{SHA}` | hash | `bytes`, `pieces`, and `whole`: the upload that all of them came with |
 * | `PREFIX-content:{SHA}:owners` | sorted set | `ID:DIGEST` of each request, by the microsecond it was put |
 * | `PREFIX-content:{SHA}:UPLOAD:N` | string | the bytes of one piece; they expire until they are `whole` |
 * | `PREFIX-content-of:ID` | set | `DIGEST:SHA` of everything that a message needs |
 * | `PREFIX-contents` | hash | the bytes of each content by SHA, and the sum under the empty name |
 *
 * What decides lies in one slot of a cluster and changes in one script; the lists may name too much
 * after a crash, and never too little.
 */
export function createRedisContent(
  { client, spreadPrefix }: RedisStore,
  limits: ContentLimits,
): ContentStore {
  const list = createContentList(client, `${spreadPrefix}-contents`)
  const place: Place = { client, prefix: spreadPrefix, limits, list }
  return {
    put: (source, owner) => put(place, source, owner),
    open: (ref) => open(place, ref),
    verify: (ref) => verify(place, ref),
    release: (id, digest, which) => release(place, id, digest, which),
    sweep: (isNeeded) => sweep(place, isNeeded),
  }
}

const OWNERS_PER_PAGE = 500

interface Place {
  readonly client: Redis
  readonly prefix: string
  readonly limits: ContentLimits
  readonly list: ContentList
}

async function put(place: Place, source: ContentSource, owner: ContentOwner): Promise<void> {
  const { client, limits } = place
  const { sha256, bytes } = source.ref
  if (bytes > limits.maxBytes) throw new ContentTooLargeError(bytes, limits.maxBytes)
  await refuseWhenFull(place, source.ref)
  const key = keyOf(place, sha256)
  await client.sadd(ofKey(place, owner.id), `${owner.digest}:${sha256}`)
  const member = `${owner.id}:${owner.digest}`
  const keys = [key, `${key}:owners`] as const
  const isWhole = await client.eval(HOLD, 2, ...keys, member, pieceCount(bytes), bytes)
  // After the owner: from then on nobody takes it off the list.
  await place.list.add(sha256, bytes)
  if (isWhole !== 1) await upload(place, source, member)
}

/** Nobody reads what an upload writes before all of it is there and is what it should be. */
async function upload(place: Place, source: ContentSource, member: string): Promise<void> {
  const { client } = place
  const key = keyOf(place, source.ref.sha256)
  const name = randomUUID()
  let count = 0
  try {
    for await (const part of piecesOf(source)) {
      await client.set(`${key}:${name}:${count++}`, part, 'PX', UPLOAD_MS)
    }
    // The same message may have been released by who sent it as well, or the upload took too long.
    const isHeld = await client.eval(MARK_WHOLE, 2, key, `${key}:owners`, member, name)
    if (isHeld !== 1) throw new ContentMissingError(source.ref)
  } catch (error) {
    // What cannot be taken away now expires.
    await client.eval(DISCARD, 1, key, name, count).catch(() => undefined)
    throw error
  }
}

async function refuseWhenFull({ list, limits }: Place, ref: ContentRef): Promise<void> {
  if (limits.totalBytes === Infinity || (await list.has(ref.sha256))) return
  if (await list.hasRoom(ref.bytes, limits.totalBytes)) return
  throw new ContentStoreFullError(ref.bytes, limits.totalBytes)
}

async function* open(place: Place, ref: ContentRef): AsyncGenerator<Buffer> {
  const [pieces, whole] = await place.client.hmget(keyOf(place, ref.sha256), 'pieces', 'whole')
  if (whole === null || whole === undefined) throw new ContentMissingError(ref)
  yield* read(place, ref, whole, Number(pieces))
}

async function* read(
  place: Place,
  ref: ContentRef,
  whole: string,
  pieces: number,
): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < pieces; piece++) {
    const part = await place.client.getBuffer(`${keyOf(place, ref.sha256)}:${whole}:${piece}`)
    if (part === null) throw new ContentMissingError(ref)
    yield part
  }
}

async function verify(place: Place, ref: ContentRef): Promise<void> {
  const key = keyOf(place, ref.sha256)
  const [pieces, whole] = await place.client.hmget(key, 'pieces', 'whole')
  if (whole === null || whole === undefined) return
  if (await isIntact(ref, read(place, ref, whole, Number(pieces)))) return
  await place.client.eval(DROP, 1, key, whole)
}

async function release(
  place: Place,
  id: string,
  digest: string | undefined,
  which: 'all' | 'old' = 'all',
): Promise<void> {
  const until = which === 'old' ? await oldest(place) : ''
  const needs = await place.client.smembers(ofKey(place, id))
  for (const need of needs) {
    const [of = '', sha256 = ''] = need.split(':')
    if (digest === undefined || of === digest) await letGo(place, sha256, { id, digest: of }, until)
  }
}

/**
 * Takes one owner away, and the content with the last one; true when it is gone. With `until`, a
 * time of the store in microseconds, only an owner that was not put later.
 */
async function letGo(
  place: Place,
  sha256: string,
  { id, digest }: ContentOwner,
  until: number | '' = '',
): Promise<boolean> {
  const { client } = place
  const key = keyOf(place, sha256)
  const left = await client.eval(LET_GO, 2, key, `${key}:owners`, `${id}:${digest}`, until)
  if (left === -1) return false
  if (left === 1) await strike(place, sha256)
  await client.srem(ofKey(place, id), `${digest}:${sha256}`)
  return left === 1
}

/** Takes content off the list, unless somebody has put it there again meanwhile. */
async function strike(place: Place, sha256: string): Promise<void> {
  const { client, list } = place
  await list.strike(sha256)
  const bytes = await client.hget(keyOf(place, sha256), 'bytes')
  if (bytes !== null) await list.add(sha256, Number(bytes))
}

async function sweep(place: Place, isNeeded: (id: string) => Promise<boolean>): Promise<number> {
  const until = await oldest(place)
  let gone = 0
  for await (const names of place.list.pages()) {
    for (const sha256 of names) gone += await sweepOne(place, sha256, until, isNeeded)
  }
  await place.list.countAnew()
  return gone
}

/** The microsecond of the store until which what was put is old. */
async function oldest({ client, limits }: Place): Promise<number> {
  const [seconds, micros] = await client.time()
  return Number(seconds) * 1e6 + Number(micros) - limits.graceMs * 1000
}

async function sweepOne(
  place: Place,
  sha256: string,
  until: number,
  isNeeded: (id: string) => Promise<boolean>,
): Promise<number> {
  const { client } = place
  const key = `${keyOf(place, sha256)}:owners`
  let gone = 0
  // A million messages may have one picture: nobody else is to wait while their ids are listed.
  for (let cursor = ''; cursor !== '0';) {
    const [next, flat] = await client.zscan(key, cursor || 0, 'COUNT', OWNERS_PER_PAGE)
    cursor = next
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const [id = '', digest = ''] = (flat[at] ?? '').split(':')
      if (Number(flat[at + 1]) > until || (await isNeeded(id))) continue
      if (await letGo(place, sha256, { id, digest }, until)) gone += 1
    }
  }
  const isLeft = await client.exists(key)
  if (isLeft === 0) await strike(place, sha256)
  return gone
}

const keyOf = ({ prefix }: Place, sha256: string): string => `${prefix}-content:{${sha256}}`
const ofKey = ({ prefix }: Place, id: string): string => `${prefix}-content-of:${id}`
