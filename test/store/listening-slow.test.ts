import { expect, test } from 'vitest'

import { openSharedPool } from '../../src/store/shared-pool.ts'
import { uniquePrefix } from '../support/redis.ts'
import { useEmbeddedServer } from '../support/embedded-server.ts'
import { startInterceptingProxy } from '../support/intercepting-proxy.ts'

test('a server that was too slow to listen hears when it is asked again', async () => {
  await using embedded = await useEmbeddedServer()
  const slow = Promise.withResolvers<'pass'>()
  await using proxy = await startInterceptingProxy(embedded.port, (said) =>
    said.includes('LISTEN') ? slow.promise : 'pass',
  )
  const connectionString = embedded.locate(proxy.port)
  const pool = await openSharedPool({
    location: 'a test',
    parameters: () => Promise.resolve({ connectionString }),
    queryTimeoutMs: 500,
    onError: () => undefined,
  })
  await using _closed = { [Symbol.asyncDispose]: () => pool.close() }
  const channel = uniquePrefix().replaceAll(/\W/g, '_')
  const heard: string[] = []
  const listen = (): Promise<boolean> =>
    pool
      .listen(channel, (text) => heard.push(text))
      .then(
        () => true,
        () => false,
      )
  expect(await listen()).toBe(false)
  slow.resolve('pass')
  await expect.poll(listen).toBe(true)
  const tell = (): Promise<unknown> =>
    pool.query('select pg_notify($1, $2)', [channel, 'news']).catch(() => undefined)
  await expect.poll(() => tell().then(() => heard)).toContain('news')
})
