import { Redis } from 'ioredis'
import { expect, test } from 'vitest'

import { openQueues } from '../../src/queue/open.ts'
import { openStore } from '../../src/store/open.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { startSentinels } from '../support/sentinel.ts'
import { NAME, newPlace, openBench } from './place.ts'

describeOwnRedis('queues on a Redis with sentinels', () => {
  test('the master dies: nothing that was replicated is lost, and work goes on', async () => {
    await using sentinels = await startSentinels()
    const { location, options } = newPlace(sentinels.url)
    await using bench = await openBench({ location, options })
    if (bench.store.kind !== 'redis') throw new Error('expected a Redis')
    await using producer = await openStore(location, { ...options, patience: 'fail-fast' })
    await using queues = await openQueues(producer)
    const taken = new Set<string>()
    const consumer = await bench.consume(
      async ({ id }) => {
        taken.add(id)
        return { kind: 'done' }
      },
      { lockMs: 2000, stalledCheckMs: 500 },
    )
    const heard: string[] = []
    await bench.store.subscribe('news', (text) => heard.push(text))
    await queues.add(NAME, [{ id: 'before', data: 1 }])
    await expect.poll(() => [...taken]).toEqual(['before'])

    consumer.park()
    const ids = Array.from({ length: 100 }, (_, at) => `m-${at}`)
    await queues.add(
      NAME,
      ids.map((id) => ({ id, data: 1 })),
    )
    const { client } = bench.store
    await expect.poll(() => client.wait(1, 100)).toBe(1)
    await sentinels.master.kill()
    await expect
      .poll(() => queues.add(NAME, [{ id: 'after', data: 1 }]).then(() => 'added', codeOf))
      .toBe('added')
    await consumer.unpark()
    await expect.poll(() => taken.size).toBe(ids.length + 2)
    expect(taken).toEqual(new Set(['before', ...ids, 'after']))
    await expect
      .poll(async () => {
        await producer.publish('news', 'again').catch(() => undefined)
        return heard
      })
      .toContain('again')
    expect(new Set(bench.errors.map(codeOf))).toEqual(new Set(['STORE_UNREACHABLE']))
  })

  test('a master that becomes a replica is left for the new one', async () => {
    await using sentinels = await startSentinels()
    await using bench = await openBench(newPlace(sentinels.url))
    const taken = new Set<string>()
    await bench.consume(async ({ id }) => {
      taken.add(id)
      return { kind: 'done' }
    })
    await bench.queues.add(NAME, [{ id: 'before', data: 1 }])
    await expect.poll(() => taken.size).toBe(1)
    await sentinels.failOver()
    await expect
      .poll(() => on(sentinels.replica.url, async (client) => (await client.role())[0]))
      .toBe('master')
    // What the sentinels do as well, when they look at it again after ten seconds.
    await on(sentinels.master.url, (client) =>
      client.replicaof('127.0.0.1', sentinels.replica.port),
    )
    await bench.queues.add(NAME, [{ id: 'after', data: 1 }])
    await expect.poll(() => taken).toEqual(new Set(['before', 'after']))
  })
})

async function on<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url)
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : String(error)
}
