import { expect, test } from 'vitest'

import { GONE_AFTER_MS, type Registry, type WorkerSign } from '../../src/fleet/fleet.ts'
import { openHeartbeat } from '../../src/fleet/heartbeat.ts'
import { openRegistry } from '../../src/fleet/registry.ts'
import { openTurns, type Turns } from '../../src/fleet/turns.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeAllServers, type TestStore } from '../support/stores.ts'

const NASTY = [
  'relay',
  'Relay',
  'Büro: {Nord}',
  ' leading and trailing ',
  'a:b',
  'a%3Ab',
  '"; drop table fleet_name; --',
  '*?[x]',
  'u\u0308',
  'ü',
  '关'.repeat(128),
  '😀'.repeat(128),
]

describeAllServers('the registry', (place) => {
  test('every name that was noted is listed as it was written, once', async () => {
    await using fleet = await openFleet(place())
    await fleet.registry.note(NASTY)
    await fleet.registry.note(NASTY.slice(0, 3))
    await fleet.registry.note([])
    const { names } = await fleet.registry.list()
    expect(new Set(names.map(({ name }) => name))).toEqual(new Set(NASTY))
    expect(names).toHaveLength(NASTY.length)
    expect(names.every(({ servedAt }) => servedAt === undefined)).toBe(true)
  })

  test('a name that a worker serves tells when, by the clock of the store', async () => {
    await using fleet = await openFleet(place())
    const before = await fleet.store.nowMs()
    await fleet.registry.note(['relay'])
    await fleet.registry.serve(['relay', 'bulk'])
    const after = await fleet.store.nowMs()
    const { names } = await fleet.registry.list()
    expect(names.map(({ name }) => name)).toEqual(['bulk', 'relay'])
    for (const { usedAt, servedAt } of names) {
      expect(usedAt.getTime()).toBeGreaterThanOrEqual(Math.floor(before))
      expect(servedAt?.getTime()).toBeLessThanOrEqual(Math.ceil(after) + 1)
    }
  })

  test('a worker is listed with everything that it said, until it leaves', async () => {
    await using fleet = await openFleet(place())
    const sign = signOf('w-1', NASTY)
    await fleet.registry.beat(sign)
    await fleet.registry.beat(signOf('w-2', []))
    const { workers } = await fleet.registry.list()
    expect(workers).toHaveLength(2)
    expect(workers).toContainEqual({ ...sign, seenAt: expect.any(Date) })
    await fleet.registry.leave('w-1')
    expect((await fleet.registry.list()).workers.map(({ id }) => id)).toEqual(['w-2'])
  })

  test('a worker that gives no sign of life any more is not listed', async () => {
    await using fleet = await openFleet(place())
    await fleet.registry.beat(signOf('quick', ['relay']))
    await fleet.registry.beat(signOf('dead', ['relay']))
    await fleet.age('dead', GONE_AFTER_MS + 1000)
    expect((await fleet.registry.list()).workers.map(({ id }) => id)).toEqual(['quick'])
    await fleet.registry.beat(signOf('dead', ['relay']))
    expect((await fleet.registry.list()).workers).toHaveLength(2)
  })

  test('what died an hour ago is forgotten by the next sign of life', async () => {
    await using fleet = await openFleet(place())
    await fleet.registry.beat(signOf('dead', ['relay']))
    await fleet.age('dead', 3_700_000)
    await fleet.registry.beat(signOf('quick', ['relay']))
    expect(await fleet.countWorkers()).toBe(1)
  })

  test('a name is forgotten only when nobody used it for the time that is asked', async () => {
    await using fleet = await openFleet(place())
    await fleet.registry.serve(['relay'])
    expect(await fleet.registry.forget('relay', 60_000)).toBe(false)
    await expect.poll(() => fleet.registry.forget('relay', 1)).toBe(true)
    expect(await fleet.registry.forget('relay', 1)).toBe(false)
    expect((await fleet.registry.list()).names).toEqual([])
  })

  test('a heartbeat registers at once and leaves at its end', async () => {
    await using fleet = await openFleet(place())
    const faults: unknown[] = []
    let names = ['relay']
    const heartbeat = await openHeartbeat(
      fleet.registry,
      () => signOf('w-1', names),
      (error) => faults.push(error),
    )
    expect(await fleet.registry.list()).toMatchObject({
      names: [{ name: 'relay', servedAt: expect.any(Date) }],
      workers: [{ id: 'w-1', names: ['relay'] }],
    })
    names = ['relay', 'bulk']
    await heartbeat.beat()
    expect(await fleet.registry.list()).toMatchObject({
      names: [{ name: 'bulk' }, { name: 'relay' }],
      workers: [{ names: ['relay', 'bulk'] }],
    })
    await heartbeat.close()
    await heartbeat.beat()
    expect((await fleet.registry.list()).workers).toEqual([])
    expect(faults).toEqual([])
  })

  test('of ten that want a turn at once one gets it, and another only after it', async () => {
    await using fleet = await openFleet(place())
    const { turns } = fleet
    const holders = Array.from({ length: 10 }, (_, at) => `w-${at}`)
    const taken = await Promise.all(
      holders.map(async (id) => ((await turns.take('sweep', id, 60_000)) ? id : [])),
    )
    const [holder = ''] = taken.flat()
    expect(taken.flat()).toHaveLength(1)
    expect(await turns.take('sweep', holder, 60_000)).toBe(true)
    expect(await turns.take('other', 'somebody', 60_000)).toBe(true)
    await turns.giveBack('sweep', 'somebody else')
    expect(await turns.take('sweep', 'somebody else', 60_000)).toBe(false)
    await turns.giveBack('sweep', holder)
    expect(await turns.take('sweep', 'somebody else', 30)).toBe(true)
    await expect.poll(() => turns.take('sweep', holder, 60_000)).toBe(true)
  })
})

function signOf(id: string, names: readonly string[]): WorkerSign {
  return {
    id,
    host: 'host-1',
    pid: 42,
    version: '0.1.0',
    names,
    startedAt: new Date(1_700_000_000_000),
  }
}

interface FleetUnderTest extends AsyncDisposable {
  readonly store: Store
  readonly registry: Registry
  readonly turns: Turns
  /** Makes a worker's last sign of life older. */
  age(id: string, byMs: number): Promise<void>
  countWorkers(): Promise<number>
}

async function openFleet({ queue, prefix, schema }: TestStore): Promise<FleetUnderTest> {
  const store = await openStore(queue, { patience: 'wait', prefix, schema })
  return {
    store,
    registry: openRegistry(store),
    turns: openTurns(store),
    age: async (id, byMs) => {
      if (store.kind === 'redis')
        await store.client.zincrby(`${store.prefix}-fleet:seen`, -byMs, id)
      else {
        await store.pool.query(
          `update fleet_worker set seen_at = seen_at - $2 * interval '1 millisecond' where id = $1`,
          [id, byMs],
        )
      }
    },
    countWorkers: async () => {
      if (store.kind === 'redis') return store.client.hlen(`${store.prefix}-fleet:workers`)
      const { rows } = await store.pool.query('select id from fleet_worker')
      return rows.length
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}
