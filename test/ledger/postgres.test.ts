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
