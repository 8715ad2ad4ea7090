import { expect, test } from 'vitest'

import { openStore } from '../../src/store/open.ts'
import type { StoreOptions } from '../../src/store/open.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { expectNoWait } from '../support/without-waiting.ts'
import { startSilentServer } from './silent-server.ts'

const HASTY: StoreOptions = { patience: 'fail-fast' }
const PATIENT: StoreOptions = { patience: 'wait' }
const UNREACHABLE = { code: 'STORE_UNREACHABLE' }

describeOwnRedis('a store on Redis', () => {
  test('a hasty store that never was up rejects at once', async () => {
    const port = await freePort()
    await expectNoWait(async () => {
      await using store = await openStore(`redis://:s3cret@127.0.0.1:${port}`, HASTY)
      const answer = await store.nowMs().catch((error: unknown) => error)
      expect(answer).toMatchObject({ ...UNREACHABLE, location: `redis://127.0.0.1:${port}/0` })
      expect(String(answer)).not.toContain('s3cret')
      await expect(store.publish('news', 'x')).rejects.toMatchObject(UNREACHABLE)
      await expect(store.ping()).rejects.toMatchObject(UNREACHABLE)
    })
  })

  test('a hasty store on a silent network rejects within seconds', async () => {
    await using silent = await startSilentServer()
    const before = performance.now()
    await using store = await openStore(`redis://127.0.0.1:${silent.port}`, HASTY)
    await expect(store.nowMs()).rejects.toMatchObject(UNREACHABLE)
    expect(performance.now() - before).toBeLessThan(30_000)
  })

  test('a hasty store works again when Redis is back, and tells of the outage once', async () => {
    await using redis = await startRedis()
    const errors: unknown[] = []
    const onError = (error: unknown): void => void errors.push(error)
    await using store = await openStore(redis.url, { ...HASTY, onError })
    const heard: string[] = []
    const stop = await store.subscribe('news', (text) => heard.push(text))
    expect(await store.nowMs()).toBeGreaterThan(1.7e12)
    await redis.kill()
    await expect
      .poll(() => store.nowMs().catch((error: unknown) => error))
      .toMatchObject(UNREACHABLE)
    await redis.restart()
    await expect.poll(() => store.nowMs().catch(() => 0)).toBeGreaterThan(1.7e12)
    await expect
      .poll(async () => {
        await store.publish('news', 'again')
        return heard
      })
      .toContain('again')
    await stop()
    expect(errors).toMatchObject([UNREACHABLE, UNREACHABLE])
  })

  test('a patient store waits for a Redis that is not up yet', async () => {
    await using redis = await startRedis()
    await redis.stop()
    const errors: unknown[] = []
    const onError = (error: unknown): void => void errors.push(error)
    const opening = openStore(redis.url, { ...PATIENT, onError })
    await expect.poll(() => errors).toMatchObject([UNREACHABLE])
    await redis.restart()
    await using store = await opening
    expect(await store.nowMs()).toBeGreaterThan(1.7e12)
    expect(errors).toHaveLength(1)
  })

  test('the wait for a Redis ends with its signal', async () => {
    const signal = AbortSignal.timeout(100)
    const opening = openStore(`redis://127.0.0.1:${await freePort()}`, { ...PATIENT, signal })
    await expect(opening).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test('a wrong password ends the wait', async () => {
    await using redis = await startRedis({ args: ['--requirepass', 'right'] })
    const opening = openStore(redis.url.replace('//', '//:s3cret@'), PATIENT)
    const error = await opening.catch((why: unknown) => why)
    expect(error).toMatchObject({ code: 'STORE_REFUSED' })
    expect(String(error)).not.toContain('s3cret')
    await using store = await openStore(redis.url.replace('//', '//:right@'), PATIENT)
    await store.ping()
  })

  test.for([
    ['--appendonly', 'no', '"appendonly" is "no" and has to be "yes"'],
    ['--maxmemory-policy', 'allkeys-lru', '"maxmemory-policy" is "allkeys-lru"'],
  ] as const)(
    'a worker refuses a Redis with %s %s, a producer warns',
    async ([name, value, says]) => {
      await using redis = await startRedis({ args: [name, value] })
      await expect(openStore(redis.url, PATIENT)).rejects.toMatchObject({
        code: 'UNSAFE_STORE',
        message: expect.stringContaining(says),
      })
      const warnings: string[] = []
      const onWarning = (text: string): void => void warnings.push(text)
      await using producer = await openStore(redis.url, { ...HASTY, onWarning })
      await expect.poll(() => warnings).toEqual([expect.stringContaining(says)])
      await using worker = await openStore(redis.url, {
        ...PATIENT,
        onWarning,
        allowUnsafeStore: true,
      })
      await Promise.all([producer.ping(), worker.ping()])
      expect(warnings).toHaveLength(2)
    },
  )

  test('a patient store closes while Redis is down', async () => {
    await using redis = await startRedis()
    const store = await openStore(redis.url, PATIENT)
    await store.subscribe('news', () => undefined)
    await redis.kill()
    const waiting = store.nowMs().catch((error: unknown) => error)
    await store.close()
    expect(await waiting).toMatchObject(UNREACHABLE)
  })
})
