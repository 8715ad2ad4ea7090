import { expect, test } from 'vitest'

import { RecordUnreadableError } from '../../src/ledger/errors.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { openStore } from '../../src/store/open.ts'
import type { RedisStore } from '../../src/store/store.ts'
import {
  describeOwnRedis,
  describeRedis,
  describeRedisCluster,
  uniquePrefix,
} from '../support/redis.ts'
import { keysOf } from '../support/redis-keys.ts'
import { startRedis } from '../support/redis-server.ts'
import { testLedger } from './conformance.ts'
import {
  claimsUntil,
  delivered,
  fenceOf,
  markedAndGone,
  newRecord,
  OK,
  refused,
} from './ledger-under-test.ts'
import type { LedgerUnderTest } from './ledger-under-test.ts'
import { resendTimes } from './uncertain.ts'

const RETENTION_MS = 60_000

interface RedisUnderTest extends LedgerUnderTest {
  readonly store: RedisStore
  readonly keyOf: (id: string) => string
}

async function openRedis(url: string): Promise<RedisUnderTest> {
  const store = await openStore(url, { patience: 'wait', prefix: uniquePrefix() })
  if (store.kind !== 'redis') throw new Error(`expected a Redis, got "${store.kind}"`)
  const keyOf = (id: string): string => `${store.prefix}-ledger:${id}`
  return {
    store,
    keyOf,
    ledger: await openLedger(store, { retentionMs: RETENTION_MS }),
    lose: async (id) => void (await store.client.del(keyOf(id))),
    async [Symbol.asyncDispose]() {
      for (const server of store.servers()) {
        const keys = await keysOf(server, `${store.prefix}-*`)
        if (keys.length > 0) await store.client.del(...keys)
      }
      await store.close()
    },
  }
}

describeRedisCluster('the ledger on a Redis Cluster', (url) => {
  testLedger(() => openRedis(url))
})

describeRedis('the ledger on Redis', (url) => {
  const open = (): Promise<RedisUnderTest> => openRedis(url)

  testLedger(open)

  test('delivered and cancelled messages expire, waiting and held ones stay', async () => {
    await using redis = await open()
    const { ledger, store, keyOf } = redis
    const expiryOf = (id: string): Promise<number> => store.client.pttl(keyOf(id))
    await ledger.record(['m1', 'm2', 'm3', 'm4'].map((id) => newRecord(id)))
    const first = await fenceOf(ledger, 'm1')
    await ledger.settle('m1', first, { outcomes: [delivered(0)], isAttempt: true, last: OK })
    await ledger.cancel('m2')
    const third = await fenceOf(ledger, 'm3')
    await ledger.settle('m3', third, { outcomes: [refused(0)], isAttempt: true })
    for (const id of ['m1', 'm2']) {
      expect(await expiryOf(id)).toBeGreaterThan(RETENTION_MS - 10_000)
      expect(await expiryOf(id)).toBeLessThanOrEqual(RETENTION_MS)
    }
    expect(await expiryOf('m3')).toBe(-1)
    expect(await expiryOf('m4')).toBe(-1)
  })

  test('a message that is sent again a thousand times keeps a few hundred bytes of that', async () => {
    await using redis = await open()
    const { ledger, store, keyOf } = redis
    await ledger.record([newRecord('m1')])
    await resendTimes(ledger, 'm1', 1000)
    expect((await ledger.get('m1'))?.held).toHaveLength(20)
    expect(await store.client.hstrlen(keyOf('m1'), 'H')).toBeLessThan(600)
  })

  test('what is refused late stays, although the rest was cancelled and it was expiring', async () => {
    await using redis = await open()
    const { ledger, store, keyOf } = redis
    const to = ['ann@example.com', 'bob@example.com']
    await ledger.record([newRecord('m1', to)])
    const first = await markedAndGone(ledger, 'm1', [0], to)
    await claimsUntil(ledger, 'm1', 'claimed')
    await ledger.settleUncertain('m1', 'accept')
    expect(await ledger.cancel('m1')).toEqual({ kind: 'cancelled' })
    expect(await store.client.pttl(keyOf('m1'))).toBeGreaterThan(0)
    const late = await ledger.settle('m1', first, { outcomes: [refused(0)], isAttempt: true })
    expect(late).toMatchObject({ applied: true, state: 'refused', isLate: true })
    expect(await store.client.pttl(keyOf('m1'))).toBe(-1)
  })

  test('a delivered message with one recipient takes at most 400 bytes', async () => {
    await using redis = await open()
    const { ledger, store, keyOf } = redis
    const id = '0199a7c4-6f1e-7c3a-9b52-2f6d1e0c8a47'
    await ledger.record([
      {
        id,
        connection: 'Office relay',
        messageId: `<${id}@mail.example.com>`,
        digest: 'pmWkWSBCL51Bfkhn79xPuKBKHz__H6B-mY6G9_eieuM',
        recipients: ['somebody.else@example.com'],
      },
    ])
    const fence = await fenceOf(ledger, id)
    await ledger.mark(id, fence, [0], 1000)
    await ledger.settle(id, fence, { outcomes: [delivered(0)], isAttempt: true, last: OK })
    expect(await store.client.object('ENCODING', keyOf(id))).toBe('listpack')
    expect(await store.client.memory('USAGE', keyOf(id))).toBeLessThanOrEqual(400)
  })

  test('hundreds of messages at once are recorded as each by itself is, and answered in order', async () => {
    await using redis = await open()
    const { ledger, store, keyOf } = redis
    await ledger.record([newRecord('alone')])
    await fenceOf(ledger, 'claimed')
    const entries = Array.from({ length: 250 }, (_, at) => newRecord(`m${at}`))
    const other = { ...newRecord('m7'), digest: 'of something else' }
    const answers = await ledger.record([newRecord('claimed'), ...entries, newRecord('m3'), other])
    expect(answers[0]).toEqual({ kind: 'known', state: 'active', enqueueAgain: false })
    expect(answers.slice(1, 251)).toEqual(entries.map(() => ({ kind: 'recorded' })))
    expect(answers[251]).toEqual({ kind: 'known', state: 'queued', enqueueAgain: true })
    expect(answers[252]).toEqual({ kind: 'conflict' })
    const written = async (id: string) => {
      const {
        t: _recorded,
        u: _updated,
        d: _digest,
        ...fields
      } = await store.client.hgetall(keyOf(id))
      return fields
    }
    expect(await written('m249')).toEqual(await written('alone'))
    expect(await ledger.get('claimed')).toMatchObject({
      state: 'active',
      messageId: newRecord('claimed').messageId,
    })
  })

  test('of hundreds of messages the one whose record cannot be read is named', async () => {
    await using redis = await open()
    const { ledger, store, keyOf } = redis
    await store.client.set(keyOf('m120'), 'something else')
    const entries = Array.from({ length: 150 }, (_, at) => newRecord(`m${at}`))
    await expect(ledger.record(entries)).rejects.toThrow(RecordUnreadableError)
    await expect(ledger.record(entries)).rejects.toMatchObject({ id: 'm120' })
    expect(await ledger.get('m119')).toMatchObject({ state: 'queued' })
  })

  test('the copy of a job is kept until the job is known to be in its queue', async () => {
    await using redis = await open()
    const { ledger } = redis
    const copy = { data: { to: ['jörg'] }, priority: 'high' } as const
    await ledger.record([
      { ...newRecord('m1'), copy },
      { ...newRecord('m2'), copy },
      newRecord('m3'),
    ])
    expect(await ledger.stranded?.(60_000, 10)).toEqual([])
    await ledger.enqueued?.(['m2', 'absent'])
    const { connection } = newRecord('m1')
    await expect
      .poll(() => ledger.stranded?.(1, 10))
      .toEqual([{ id: 'm1', connection, copy, isUnclaimed: true }])
    await fenceOf(ledger, 'm1')
    expect(await ledger.stranded?.(1, 10)).toMatchObject([{ id: 'm1', isUnclaimed: false }])
    await ledger.enqueued?.(['m1'])
    expect(await ledger.stranded?.(0, 10)).toEqual([])
  })

  test('a record that is taken back takes the copy of its job with it', async () => {
    await using redis = await open()
    const { ledger } = redis
    const copy = { data: 1, priority: 'normal' } as const
    await ledger.record([{ ...newRecord('m1'), copy }])
    await ledger.forget('m1')
    expect(await ledger.stranded?.(0, 10)).toEqual([])
    await ledger.record([newRecord('m1')])
    expect(await ledger.record([{ ...newRecord('m1'), copy }])).toMatchObject([
      { kind: 'known', enqueueAgain: true },
    ])
    expect(await ledger.stranded?.(0, 10)).toMatchObject([{ id: 'm1', copy, isUnclaimed: true }])
  })

  test('a prefix with signs of patterns finds its own messages only', async () => {
    const prefix = `${uniquePrefix()}[a]*?`
    await using store = await openStore(url, { patience: 'wait', prefix })
    await using other = await openStore(url, { patience: 'wait', prefix: prefix.replace('*', 'x') })
    const ledger = await openLedger(store)
    await ledger.record([newRecord('mine')])
    await (await openLedger(other)).record([newRecord('theirs')])
    const found = new Set<string>()
    let cursor: string | undefined
    do {
      const page = await ledger.pageOpen({ untouchedForMs: 0, ...(cursor && { cursor }) })
      for (const { id } of page.records) found.add(id)
      cursor = page.cursor
    } while (cursor !== undefined)
    expect([...found]).toEqual(['mine'])
  })
})

describeOwnRedis('a Redis that was restarted', () => {
  test('scripts that the server forgot are sent again', async () => {
    await using redis = await startRedis()
    await using store = await openStore(redis.url, { patience: 'wait' })
    if (store.kind !== 'redis') throw new Error(`expected a Redis, got "${store.kind}"`)
    const ledger = await openLedger(store)
    await ledger.record([newRecord('m1')])
    await store.client.script('FLUSH')
    expect(await ledger.record([newRecord('m1')])).toMatchObject([{ kind: 'known' }])
    expect(await fenceOf(ledger, 'm1')).toBeGreaterThan(0)
  })
})

describeOwnRedis('a Redis whose user lacks a right', () => {
  test('a record is not blamed for it, alone or among others', async () => {
    await using redis = await startRedis()
    await using store = await openStore(redis.url, { patience: 'wait' })
    if (store.kind !== 'redis') throw new Error(`expected a Redis, got "${store.kind}"`)
    const ledger = await openLedger(store)
    await store.client.call('ACL', 'SETUSER', 'default', '-hmget')
    for (const ids of [['m1'], ['m1', 'm2']]) {
      await expect(ledger.record(ids.map((id) => newRecord(id)))).rejects.toMatchObject({
        code: 'STORE_RIGHTS_MISSING',
      })
    }
  })
})
