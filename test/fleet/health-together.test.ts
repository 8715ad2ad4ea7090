import { expect, test } from 'vitest'

import { openHealthChanges } from '../../src/fleet/health-changes.ts'
import { openRecords } from '../../src/fleet/records.ts'
import { openStore } from '../../src/store/open.ts'
import type { PostgresStore } from '../../src/store/store.ts'
import { embeddedPlace } from '../support/stores.ts'

const NAMES = Array.from({ length: 200 }, (_, at) => `relay-${at}`)

async function openPlace(): Promise<PostgresStore> {
  const { queue, schema } = embeddedPlace()
  const store = await openStore(queue, { patience: 'wait', schema, migrate: true })
  if (store.kind !== 'postgres') throw new Error('expected a Postgres')
  return store
}

async function transactionsOf({ pool }: PostgresStore): Promise<unknown> {
  const { rows } = await pool.query(
    'select count(*)::int as records, count(distinct xmin::text)::int as count from fleet_health',
  )
  return rows[0]
}

test('what is found out about many managers at once is one transaction', async () => {
  await using store = await openPlace()
  const health = openHealthChanges(store)
  for (const parkedSince of [1, 2]) {
    const found = await Promise.all(
      NAMES.map((name) => health.change(name, (before) => ({ ...before, parkedSince }))),
    )
    expect(found).toEqual(NAMES.map(() => ({ entries: {}, past: [], parkedSince })))
    expect(await transactionsOf(store)).toEqual({ records: NAMES.length, count: 1 })
  }
  expect((await health.read(NAMES)).size).toBe(NAMES.length)
})

test('of changes of one record at once one holds, and what another transaction has is waited for alone', async () => {
  await using store = await openPlace()
  const records = openRecords(store, 'health')
  const firsts = await Promise.all(
    ['a', 'b'].map((text) => records.replace('one', undefined, text)),
  )
  expect(firsts).toEqual([true, false])
  const seconds = await Promise.all(['c', 'd'].map((text) => records.replace('one', 'a', text)))
  expect(seconds).toEqual([true, false])
  expect(await records.replace('other', undefined, 'x')).toBe(true)
  const { late } = await store.atomically(async () => {
    await store.pool.query(`select from fleet_health where manager = 'one' for update`)
    return store.pool.outside(async () => {
      const waits = records.replace('one', 'c', 'e')
      expect(await records.replace('other', 'x', 'y')).toBe(true)
      return { late: waits }
    })
  })
  expect(await late).toBe(true)
  const both = [records.replace('one', 'e', undefined), records.replace('new', 'gone', 'z')]
  expect(await Promise.all(both)).toEqual([true, false])
  expect(await records.all()).toEqual([['other', 'y']])
})
