import { expect, test } from 'vitest'

import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { startRedis } from '../support/redis-server.ts'
import { describeOwnRedis } from '../support/redis.ts'

const PATIENT = { patience: 'wait' } as const

type RedisStore = Extract<Store, { readonly kind: 'redis' }>

async function openRedis(url: string): Promise<RedisStore> {
  const store = await openStore(url, PATIENT)
  if (store.kind !== 'redis') throw new Error(`expected a store on Redis, got "${store.kind}"`)
  return store
}

/** How often Redis has read from a connection of anybody, as it counts itself. */
async function readsOf({ client }: RedisStore): Promise<number> {
  const stats = await client.info('stats')
  return Number(/^total_reads_processed:(\d+)/m.exec(stats)?.[1])
}

describeOwnRedis('a store on Redis', () => {
  test('sends what is asked at once in a few writes, and each gets its own answer', async () => {
    await using redis = await startRedis()
    await using store = await openRedis(redis.url)
    const texts = Array.from({ length: 200 }, (_, at) => `text ${at}`)
    const before = await readsOf(store)
    const answers = await Promise.all(texts.map((text) => store.client.echo(text)))
    expect(answers).toEqual(texts)
    expect((await readsOf(store)) - before).toBeLessThan(10)
  })

  test('waits for nothing when one thing is asked after the other', async () => {
    await using redis = await startRedis()
    await using store = await openRedis(redis.url)
    for (const text of ['one', 'two', 'three']) expect(await store.client.echo(text)).toBe(text)
    // What is asked while the connection is away comes behind what was asked before.
    await redis.kill()
    const late = [store.client.echo('four'), store.client.echo('five')]
    await redis.restart()
    expect(await Promise.all(late)).toEqual(['four', 'five'])
  })
})
