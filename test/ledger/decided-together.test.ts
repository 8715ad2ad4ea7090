import { expect, test } from 'vitest'

import type { Claim } from '../../src/ledger/claim.ts'
import { openLedger } from '../../src/ledger/open.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { openStore } from '../../src/store/open.ts'
import type { RedisStore, StorePatience } from '../../src/store/store.ts'
import { startRedis, type RedisServer } from '../support/redis-server.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { claimOf, delivered, fenceOf, newRecord, OK } from './ledger-under-test.ts'

/** More than go into one script. */
const MANY = Array.from({ length: 250 }, (_, at) => `m${at}`)

async function openRedis(
  { url }: RedisServer,
  patience: StorePatience = 'wait',
): Promise<RedisStore> {
  const store = await openStore(url, { patience })
  if (store.kind !== 'redis') throw new Error(`expected a Redis, got "${store.kind}"`)
  return store
}

function claimAll(ledger: Ledger, ids: readonly string[]): Promise<readonly Claim[]> {
  return Promise.all(ids.map((id) => claimOf(ledger, id, { digest: newRecord(id).digest })))
}

/** How each ended: what it was, or the code of its error. */
async function kindsOf(claims: readonly Promise<Claim>[]): Promise<readonly string[]> {
  const ended = await Promise.allSettled(claims)
  return ended.map((one) => (one.status === 'fulfilled' ? one.value.kind : one.reason.code))
}

/** What is kept of a message, without its times and what names it. */
async function writtenOf({ client, prefix }: RedisStore, id: string) {
  const {
    t: _recorded,
    u: _updated,
    d: _digest,
    f: _fence,
    ...fields
  } = await client.hgetall(`${prefix}-ledger:${id}`)
  return fields
}

describeOwnRedis('what is decided in one turn of the event loop', () => {
  test('is as if each had been alone, and takes few scripts', async () => {
    await using redis = await startRedis()
    await using store = await openRedis(redis)
    const ledger = await openLedger(store)
    const settled = { outcomes: [delivered(0)], isAttempt: true, last: OK } as const
    await ledger.record(['alone', ...MANY].map((id) => newRecord(id)))
    const alone = await fenceOf(ledger, 'alone')
    const claimed = await writtenOf(store, 'alone')
    expect(await ledger.mark('alone', alone, [0], 60_000)).toBe(true)
    const before = await scriptsOf(store)

    const claims = await claimAll(ledger, MANY)
    expect(claims.map(({ kind }) => kind)).toEqual(MANY.map(() => 'claimed'))
    expect(await writtenOf(store, 'm249')).toEqual(claimed)
    const fences = claims.map((claim) => (claim.kind === 'claimed' ? claim.fence : 0))
    const marks = MANY.map((id, at) => ledger.mark(id, fences[at] ?? 0, [0], 60_000))
    expect(new Set(await Promise.all(marks))).toEqual(new Set([true]))
    const endings = MANY.map((id, at) => ledger.settle(id, fences[at] ?? 0, settled))
    expect(await Promise.all(endings)).toEqual(
      MANY.map(() => ({ applied: true, state: 'delivered' })),
    )
    expect((await scriptsOf(store)) - before).toBeLessThan(MANY.length / 10)

    await ledger.settle('alone', alone, settled)
    expect(await writtenOf(store, 'm249')).toEqual(await writtenOf(store, 'alone'))
  })

  test('is no better or worse for the others where one is not as usual', async () => {
    await using redis = await startRedis()
    await using store = await openRedis(redis)
    const ledger = await openLedger(store)
    const keyOf = (id: string): string => `${store.prefix}-ledger:${id}`
    await ledger.record(MANY.map((id) => newRecord(id)))
    await store.client.set(keyOf('m7'), 'something else')
    await store.client.hset(keyOf('m70'), 'v', '99')
    await store.client.hset(keyOf('m77'), 't', 'yesterday')
    await ledger.cancel('m90')
    const held = await fenceOf(ledger, 'm100')
    await ledger.mark('m100', held, [0], 60_000)
    const claims = claimAllBy(ledger, [...MANY, 'unknown'])
    const odd = {
      m7: UNREADABLE,
      m70: UNREADABLE,
      m77: UNREADABLE,
      m90: 'settled',
      m100: 'in-doubt',
    }
    expect(await kindsOf(claims)).toEqual([
      ...MANY.map((id) => Reflect.get(odd, id) ?? 'claimed'),
      'claimed',
    ])
    expect(await writtenOf(store, 'm90')).toMatchObject({ s: 'cancelled' })
  })

  test('fails for each when the store may not be written, and nothing of it is done', async () => {
    await using redis = await startRedis()
    await using store = await openRedis(redis)
    const ledger = await openLedger(store)
    await ledger.record(MANY.map((id) => newRecord(id)))
    const recorded = await writtenOf(store, 'm1')
    await store.client.config('SET', 'maxmemory', '1')
    expect(new Set(await kindsOf(claimAllBy(ledger, MANY)))).toEqual(
      new Set(['STORE_NOT_WRITABLE']),
    )
    await store.client.config('SET', 'maxmemory', '0')
    expect(await writtenOf(store, 'm1')).toEqual(recorded)
    await store.client.call('ACL', 'SETUSER', 'default', '-hset')
    const kinds = await kindsOf(claimAllBy(ledger, MANY))
    expect(new Set(kinds)).toEqual(new Set(['STORE_RIGHTS_MISSING']))
    expect(await writtenOf(store, 'm1')).toEqual(recorded)
  })

  test('fails for each when the store is away', async () => {
    await using redis = await startRedis()
    await using store = await openRedis(redis, 'fail-fast')
    const ledger = await openLedger(store)
    await ledger.record(MANY.map((id) => newRecord(id)))
    await redis.kill()
    const kinds = await kindsOf(claimAllBy(ledger, MANY))
    expect(new Set(kinds)).toEqual(new Set(['STORE_UNREACHABLE']))
  })
})

const UNREADABLE = 'RECORD_UNREADABLE'

function claimAllBy(ledger: Ledger, ids: readonly string[]): readonly Promise<Claim>[] {
  return ids.map((id) => claimOf(ledger, id))
}

/** How many scripts were run. */
async function scriptsOf({ client }: RedisStore): Promise<number> {
  const stats = await client.info('commandstats')
  return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(stats)?.[1] ?? 0)
}
