import { randomUUID } from 'node:crypto'
import { chmod } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { openLedger } from '../../src/ledger/open.ts'
import { openStore } from '../../src/store/open.ts'
import type { PostgresStore } from '../../src/store/store.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import type { TemporaryDirectory } from '../support/temporary-directory.ts'
import { testLedger } from './conformance.ts'
import { delivered, fenceOf, newRecord, OK, refused } from './ledger-under-test.ts'
import type { LedgerUnderTest } from './ledger-under-test.ts'

interface PostgresUnderTest extends LedgerUnderTest {
  readonly store: PostgresStore
}

let directory: TemporaryDirectory

describe('the ledger on Postgres', () => {
  // The first user starts the server, the last one stops it.
  let first: PostgresStore
  beforeAll(async () => {
    directory = await temporaryDirectory()
    // The server never runs as root, and must get through.
    await chmod(directory.path, 0o711)
    first = await openPostgres('keeps_the_server')
  })
  afterAll(async () => {
    await first.close()
    await directory[Symbol.asyncDispose]()
  })

  testLedger(open)

  test('a transaction that is rolled back records nothing', async () => {
    await using postgres = await open()
    const { ledger, store } = postgres
    const failing = store.atomically(async () => {
      await ledger.record([newRecord('m1')])
      expect(await ledger.get('m1')).toMatchObject({ state: 'queued' })
      throw new Error('the job could not be added')
    })
    await expect(failing).rejects.toThrow('the job could not be added')
    expect(await ledger.get('m1')).toBeUndefined()
  })

  test('what is asked at the same time is one transaction at each step', async () => {
    await using postgres = await open()
    const { ledger, store } = postgres
    const ids = Array.from({ length: 10 }, (_, at) => `m${at}`)
    await ledger.record(ids.map((id) => newRecord(id)))
    const transactions = async (): Promise<unknown> => {
      const { rows } = await store.pool.query(
        'select count(distinct xmin::text)::int as count from ledger',
      )
      return rows[0]?.['count']
    }
    const fences = await Promise.all(ids.map((id) => fenceOf(ledger, id)))
    expect(await transactions()).toBe(1)
    const marks = ids.map((id, at) => ledger.mark(id, fences[at] ?? 0, [0], 60_000))
    expect(await Promise.all(marks)).toEqual(ids.map(() => true))
    expect(await transactions()).toBe(1)
    const settled = await Promise.all(
      ids.map((id, at) =>
        ledger.settle(id, fences[at] ?? 0, { outcomes: [delivered(0)], isAttempt: true }),
      ),
    )
    expect(settled).toEqual(ids.map(() => ({ applied: true, state: 'delivered' })))
    expect(await transactions()).toBe(1)
  })

  test('a message that another transaction holds keeps no other one waiting', async () => {
    await using postgres = await open()
    const { ledger, store } = postgres
    await ledger.record([newRecord('held'), newRecord('free')])
    const { held } = await store.atomically(async () => {
      await store.pool.query(`select from ledger where id = 'held' for update`)
      return store.pool.outside(async () => {
        const waits = fenceOf(ledger, 'held')
        expect(await fenceOf(ledger, 'free')).toBeGreaterThan(0)
        return { held: waits }
      })
    })
    expect(await held).toBeGreaterThan(0)
  })

  test('a message that is claimed twice in one statement has one holder', async () => {
    await using postgres = await open()
    const { ledger } = postgres
    await ledger.record([newRecord('m1'), newRecord('m2')])
    const fences = await Promise.all(['m1', 'm2', 'm1'].map((id) => fenceOf(ledger, id)))
    expect(new Set(fences).size).toBe(3)
    const marked = await Promise.all(
      fences.map((fence, at) => ledger.mark(at === 1 ? 'm2' : 'm1', fence, [0], 60_000)),
    )
    expect(marked).toEqual([false, true, true])
    const settled = await Promise.all(
      [0, 2, 2].map((at) =>
        ledger.settle('m1', fences[at] ?? 0, { outcomes: [delivered(0)], isAttempt: true }),
      ),
    )
    expect(settled.map(({ applied }) => applied)).toEqual([false, true, true])
    expect(await ledger.get('m1')).toMatchObject({ state: 'delivered', attempts: 1 })
  })

  test('a record that cannot be read fails none of those that are asked with it', async () => {
    await using postgres = await open()
    const { ledger, store } = postgres
    const ids = ['m1', 'm2', 'm3']
    await ledger.record(ids.map((id) => newRecord(id)))
    await store.pool.query(`update ledger set standing = '?' where id = 'm2'`)
    const claims = await Promise.allSettled(ids.map((id) => fenceOf(ledger, id)))
    expect(claims.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(claims[1]).toMatchObject({ reason: { code: 'RECORD_UNREADABLE' } })
  })

  test('a claim within a transaction is rolled back with it', async () => {
    await using postgres = await open()
    const { ledger, store } = postgres
    await ledger.record([newRecord('m1')])
    const failing = store.atomically(async () => {
      await fenceOf(ledger, 'm1')
      throw new Error('not now')
    })
    await expect(failing).rejects.toThrow('not now')
    expect(await ledger.get('m1')).toMatchObject({ state: 'queued' })
  })

  test('purging removes what ended and is not held, a limited number at a time', async () => {
    await using postgres = await open(0)
    const { ledger } = postgres
    await ledger.record(['m1', 'm2', 'm3', 'm4'].map((id) => newRecord(id)))
    for (const id of ['m1', 'm2']) {
      const fence = await fenceOf(ledger, id)
      await ledger.settle(id, fence, { outcomes: [delivered(0)], isAttempt: true, last: OK })
    }
    const third = await fenceOf(ledger, 'm3')
    await ledger.settle('m3', third, { outcomes: [refused(0)], isAttempt: true })
    await expect.poll(() => ledger.purge?.(1)).toBe(1)
    await expect.poll(() => ledger.purge?.(10)).toBe(1)
    expect(await ledger.purge?.(10)).toBe(0)
    expect(await ledger.get('m3')).toMatchObject({ state: 'refused' })
    expect(await ledger.get('m4')).toMatchObject({ state: 'queued' })
  })

  test('nothing is purged before its time', async () => {
    await using postgres = await open()
    const fence = await fenceOf(postgres.ledger, 'm1')
    await postgres.ledger.settle('m1', fence, { outcomes: [delivered(0)], isAttempt: true })
    expect(await postgres.ledger.purge?.(10)).toBe(0)
  })

  test('a delivery rewrites the row in place, without touching an index', async () => {
    await using postgres = await open()
    const { ledger, store } = postgres
    await ledger.record([newRecord('m1')])
    const fence = await fenceOf(ledger, 'm1')
    await ledger.mark('m1', fence, [0], 1000)
    await ledger.settle('m1', fence, { outcomes: [delivered(0)], isAttempt: true, last: OK })
    await expect
      .poll(async () => {
        const { rows } = await store.pool.query(
          `select n_tup_upd::int as updates, n_tup_hot_upd::int as in_place
           from pg_stat_user_tables where relname = 'ledger' and schemaname = $1`,
          [store.schema],
        )
        return rows[0]
      })
      .toEqual({ updates: 3, in_place: 3 })
  })

  test('tables of a newer version are left alone, and missing ones are not created unasked', async () => {
    await using postgres = await open()
    const { store } = postgres
    await postgres.ledger.get('m1')
    await store.pool.query(`comment on table ledger is 'version 99'`)
    const newer = await openPostgres(store.schema)
    await expect((await openLedger(newer)).get('m1')).rejects.toMatchObject({
      code: 'LEDGER_TOO_NEW',
    })
    await newer.close()
    await store.pool.query('drop table ledger')
    const careful = await openPostgres(store.schema, false)
    await expect((await openLedger(careful)).get('m1')).rejects.toMatchObject({
      code: 'STORE_NOT_MIGRATED',
    })
    await careful.close()
  })

  test('ten ledgers that open at once create their tables once', async () => {
    await using postgres = await open()
    const stores = await Promise.all(
      Array.from({ length: 10 }, () => openPostgres(postgres.store.schema)),
    )
    const answers = await Promise.all(
      stores.map(async (store) => (await openLedger(store)).record([newRecord('m1')])),
    )
    expect(answers.flat().filter(({ kind }) => kind === 'recorded')).toHaveLength(1)
    await Promise.all(stores.map((store) => store.close()))
  })
})

async function open(retentionMs = 60_000): Promise<PostgresUnderTest> {
  const store = await openPostgres(`test_${randomUUID().replaceAll('-', '')}`)
  return {
    store,
    ledger: await openLedger(store, { retentionMs }),
    lose: async (id) => void (await store.pool.query('delete from ledger where id = $1', [id])),
    async [Symbol.asyncDispose]() {
      await store.pool.query(`drop schema "${store.schema}" cascade`)
      await store.close()
    },
  }
}

async function openPostgres(schema: string, migrate = true): Promise<PostgresStore> {
  const store = await openStore(`embedded:${directory.path}`, {
    patience: 'wait',
    schema,
    migrate,
    maxConnections: 4,
  })
  if (store.kind !== 'postgres') throw new Error(`expected a Postgres, got "${store.kind}"`)
  return store
}
