import { expect, test } from 'vitest'

import { openLedger } from '../../src/ledger/open.ts'
import { openQueues } from '../../src/queue/open.ts'
import { openStore, type StoreOptions } from '../../src/store/open.ts'
import type { RedisStore } from '../../src/store/store.ts'
import { newRecord } from '../ledger/ledger-under-test.ts'
import { describeOwnRedis, describeRedisCluster, uniquePrefix } from '../support/redis.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { keysOf } from '../support/redis-keys.ts'

const NAMES = Array.from({ length: 30 }, (_, at) => `Relay ${at}`)

describeRedisCluster('a Redis Cluster', (url) => {
  test('has the queues of many names on all of its servers, and each on one', async () => {
    await using store = await openCluster(url, { prefix: uniquePrefix() })
    await using queues = await openQueues(store)
    for (const name of NAMES) await queues.add(name, [{ id: 'm-1', data: 1 }])
    const found = await keysByServer(store, `${store.spreadPrefix}:*`)
    expect(found.filter((keys) => keys.length > 0)).toHaveLength(3)
    const homes = found.flatMap((keys) => [...new Set(keys.map((key) => key.split(':')[1]))])
    expect(homes).toHaveLength(NAMES.length)
    expect(new Set(homes)).toEqual(new Set(NAMES.map(tagOf)))
  })

  test('has everything on one of its servers where the prefix is a hash tag', async () => {
    const prefix = `{${uniquePrefix()}}`
    await using store = await openCluster(url, { prefix })
    await using queues = await openQueues(store)
    for (const name of NAMES) await queues.add(name, [{ id: 'm-1', data: 1 }])
    await (await openLedger(store)).record([newRecord('m1')])
    const found = await keysByServer(store, `${prefix}*`)
    expect(found.filter((keys) => keys.length > 0)).toHaveLength(1)
  })

  test('that does not know the user is a refusal, and not an outage', async () => {
    const wrong = url.replace(/:[^:@/]+@/, ':wrong@')
    await expect(openCluster(wrong)).rejects.toMatchObject({ code: 'STORE_REFUSED' })
    await using hasty = await openCluster(wrong, { patience: 'fail-fast' })
    await expect(hasty.ping()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    await expect(hasty.nowMs()).rejects.toMatchObject({ code: 'STORE_REFUSED' })
  })
})

describeOwnRedis('a Redis Cluster that loses its servers', () => {
  test('is waited for, and refused where one of them may lose mail', async () => {
    await using cluster = await startRedisCluster()
    await using store = await openCluster(cluster.url)
    const ledger = await openLedger(store)
    await ledger.record([newRecord('m1')])
    for (const node of cluster.nodes) await node.kill()
    await using hasty = await openCluster(cluster.url, { patience: 'fail-fast' })
    await expect(hasty.nowMs()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
    for (const node of cluster.nodes) await node.restart()
    await expect
      .poll(() => ledger.get('m1').catch(() => undefined), { timeout: 20_000 })
      .toMatchObject({ state: 'queued' })
    const [, second] = store.servers()
    await second?.config('SET', 'appendonly', 'no')
    await expect(openCluster(cluster.url)).rejects.toMatchObject({ code: 'UNSAFE_STORE' })
  }, 60_000)
})

async function openCluster(url: string, options: Partial<StoreOptions> = {}): Promise<RedisStore> {
  const store = await openStore(url, { patience: 'wait', ...options })
  if (store.kind !== 'redis') throw new Error(`expected a Redis, got "${store.kind}"`)
  return store
}

function keysByServer(store: RedisStore, pattern: string): Promise<(readonly string[])[]> {
  return Promise.all(store.servers().map((server) => keysOf(server, pattern)))
}

function tagOf(name: string): string {
  return `{${name.replace(' ', '%20')}}`
}
