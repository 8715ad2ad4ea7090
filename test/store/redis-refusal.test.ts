import { expect, test } from 'vitest'

import { openStore } from '../../src/store/open.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { startSentinel } from '../support/sentinel.ts'

describeOwnRedis('a Redis that refuses', () => {
  test.for([
    ['a wrong password', (port: number) => `redis://:wrong@127.0.0.1:${port}`],
    ['no password', (port: number) => `redis://127.0.0.1:${port}`],
    ['a database that is not there', (port: number) => `redis://:secret@127.0.0.1:${port}/99`],
  ] as const)('a producer with %s is told so, and not that it is away', async ([, locate]) => {
    await using redis = await startRedis({ args: ['--requirepass', 'secret'] })
    await using store = await openStore(locate(redis.port), { patience: 'fail-fast' })
    const failure = await store.nowMs().then(
      () => expect.unreachable('expected a refusal'),
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ code: 'STORE_REFUSED' })
    expect(String(failure)).not.toMatch(/secret|wrong@|enableOfflineQueue/)
  })

  test.for([
    ['a wrong password for them', 'mail', '?sentinelPassword=wrong', 'WRONGPASS'],
    ['no password for them', 'mail', '', 'NOAUTH'],
    ['a master that they do not know', 'nail', '?sentinelPassword=secret', 'No such master'],
  ] as const)('sentinels that refuse %s are not waited for', async ([, master, query, reason]) => {
    await using redis = await startRedis()
    await using sentinel = await startSentinel(redis.port, 'secret')
    const location = `redis+sentinel://127.0.0.1:${sentinel.port}/${master}${query}`
    const refused = { code: 'STORE_REFUSED', message: expect.stringContaining(reason) }
    await expect(openStore(location, { patience: 'wait' })).rejects.toMatchObject(refused)
    await using store = await openStore(location, { patience: 'fail-fast' })
    await expect(store.nowMs()).rejects.toMatchObject(refused)
  })

  test('a producer whose store is away hears nothing of options that it did not set', async () => {
    const redis = await startRedis()
    await using store = await openStore(redis.url, { patience: 'fail-fast' })
    await redis[Symbol.asyncDispose]()
    await expect
      .poll(() => store.nowMs().catch((error: unknown) => String(error)))
      .toContain('not connected')
  })
})
