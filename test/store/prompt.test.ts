import { expect, test } from 'vitest'

import { openBudgetRecords } from '../../src/fleet/budget-records.ts'
import { openHealthChanges } from '../../src/fleet/health-changes.ts'
import { openRegistry } from '../../src/fleet/registry.ts'
import { openQueues } from '../../src/queue/open.ts'
import { openStore } from '../../src/store/open.ts'
import type { PostgresStore } from '../../src/store/store.ts'
import { embeddedPlace } from '../support/stores.ts'

async function openBusyStore(): Promise<PostgresStore> {
  const { queue, schema } = embeddedPlace()
  const store = await openStore(queue, {
    patience: 'wait',
    schema,
    migrate: true,
    maxConnections: 1,
  })
  if (store.kind !== 'postgres') throw new Error('expected a Postgres')
  return store
}

/** Runs `work` while the only connection for deliveries is taken. */
async function whileBusy({ pool }: PostgresStore, work: () => Promise<void>): Promise<void> {
  await pool.transaction(async () => {
    await pool.query('select 1')
    await pool.outside(work)
  })
}

test('what tells that a worker lives does not wait behind deliveries', async () => {
  await using store = await openBusyStore()
  const health = openHealthChanges(store)
  const leases = openBudgetRecords(store, 'leases')
  const registry = openRegistry(store)
  const heard: string[] = []
  await store.subscribe('leases', (text) => heard.push(text))
  await whileBusy(store, async () => {
    expect(await store.nowMs()).toBeGreaterThan(0)
    await store.ping()
    await leases.replace([{ manager: 'relay', version: 1, text: '{}' }])
    expect((await leases.read(['relay'])).records.size).toBe(1)
    await health.change('relay', (before) => ({ ...before, parkedSince: 1 }))
    expect((await health.read(['relay'])).get('relay')).toMatchObject({ parkedSince: 1 })
    await registry.beat({
      id: 'worker',
      host: 'here',
      pid: 1,
      version: '1',
      names: ['relay'],
      startedAt: new Date(),
    })
    await store.publish('leases', 'relay')
    await expect.poll(() => heard).toEqual(['relay'])
  })
})

test('a lock of a job is prolonged while all connections for deliveries are taken', async () => {
  await using store = await openBusyStore()
  await using queues = await openQueues(store)
  await queues.add('relay', [{ id: 'm-1', data: 1 }])
  const end = Promise.withResolvers<{ readonly kind: 'done' }>()
  const consumer = await queues.consume('relay', () => end.promise, {
    concurrency: 1,
    lockMs: 2_000,
    onError: () => undefined,
  })
  await expect.poll(() => consumer.active).toBe(1)
  const lockedUntil = async (): Promise<number> => {
    const { rows } = await store.pool.promptly<{ until: string }>(
      `select locked_until_ms as until from job where id = 'm-1'`,
    )
    return Number(rows[0]?.until)
  }
  const before = await lockedUntil()
  await whileBusy(store, async () => {
    await expect.poll(lockedUntil, { timeout: 20_000 }).toBeGreaterThan(before)
  })
  end.resolve({ kind: 'done' })
  await consumer.stop(20_000)
})
