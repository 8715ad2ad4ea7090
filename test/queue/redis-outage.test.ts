import { expect, test } from 'vitest'

import { openQueues } from '../../src/queue/open.ts'
import { openStore } from '../../src/store/open.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { expectNoWait } from '../support/without-waiting.ts'
import { outageConformance } from './outage.ts'
import { NAME, newPlace, openBench } from './place.ts'

describeOwnRedis('queues on a Redis that is restarted', () => {
  outageConformance(async () => {
    const redis = await startRedis()
    return {
      place: newPlace(redis.url),
      crash: () => redis.stop(),
      recover: () => redis.restart(),
      [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
    }
  })
})

describeOwnRedis('queues on a Redis that crashes', () => {
  outageConformance(async () => {
    const redis = await startRedis({ args: ['--appendfsync', 'always'] })
    return {
      place: newPlace(redis.url),
      crash: () => redis.kill(),
      recover: () => redis.restart(),
      [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
    }
  })

  test('a producer fails at once while Redis never was up, and works when it is', async () => {
    await using redis = await startRedis()
    await redis.stop()
    await using store = await openStore(redis.url, { patience: 'fail-fast' })
    await using queues = await openQueues(store)
    const unreachable = { code: 'STORE_UNREACHABLE' }
    const jobs = ['m-1', 'm-2'].map((id) => ({ id, data: 1 }))
    await expectNoWait(async () => {
      await expect(queues.add(NAME, jobs.slice(1))).rejects.toMatchObject(unreachable)
      await expect(queues.add(NAME, jobs)).rejects.toMatchObject(unreachable)
      await expect(queues.depth(NAME)).rejects.toMatchObject(unreachable)
      await expect(queues.remove(NAME, 'm-1')).rejects.toMatchObject(unreachable)
    })
    await redis.restart()
    await expect.poll(() => queues.add(NAME, jobs).then(() => 'added', String)).toBe('added')
    expect(await queues.depth(NAME)).toMatchObject({ waiting: 2 })
  })

  test('a store for producers takes no jobs', async () => {
    await using store = await openStore(`redis://127.0.0.1:${await freePort()}`, {
      patience: 'fail-fast',
    })
    await using queues = await openQueues(store)
    const consuming = queues.consume(NAME, async () => ({ kind: 'done' }), {
      concurrency: 1,
      onError: () => undefined,
    })
    await expect(consuming).rejects.toMatchObject({ code: 'HASTY_STORE' })
  })

  test('a Redis that answers with errors is asked seldom, and the jobs run when it can', async () => {
    await using redis = await startRedis()
    await using bench = await openBench(newPlace(redis.url))
    if (bench.store.kind !== 'redis') throw new Error('expected a Redis')
    const { client } = bench.store
    const ids = Array.from({ length: 50 }, (_, at) => `m-${at}`)
    await bench.queues.add(
      NAME,
      ids.map((id) => ({ id, data: 1 })),
    )
    await client.config('SET', 'maxmemory', '1mb')
    const calls = async (): Promise<number> => {
      const stats = await client.info('commandstats')
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
    }
    const before = await calls()
    const taken = new Set<string>()
    await bench.consume(
      async ({ id }) => {
        taken.add(id)
        return { kind: 'done' }
      },
      { concurrency: 10 },
    )
    await expect.poll(() => bench.errors.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
    expect((await calls()) - before).toBeLessThan(100)
    expect(taken.size).toBe(0)
    await client.config('SET', 'maxmemory', '0')
    await expect.poll(() => taken.size).toBe(50)
  })
})
