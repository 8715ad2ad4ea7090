import { expect, test } from 'vitest'

import { useEmbeddedServer } from '../support/embedded-server.ts'
import { startInterceptingProxy } from '../support/intercepting-proxy.ts'
import { NAME, newPlace, openBench } from './place.ts'

/** BullMQ looks again after a minute by itself, or after an hour. */
const MUCH_SOONER = { timeout: 30_000 }

/** What a consumer asks once it hears of new jobs: whether one was added before. */
const WAITS_ALREADY = /WHERE queue = \$1 AND state = 'waiting'\s*\)/

test('a job that nobody heard of runs although the question for it was lost', async () => {
  await using embedded = await useEmbeddedServer()
  const place = newPlace(embedded.locate(embedded.port))
  await using direct = await openBench(place)
  const met: string[] = []
  await using proxy = await startInterceptingProxy(embedded.port, async (said) => {
    if (said.includes('LISTEN "bullmq_jobs"')) {
      // The consumer has found nothing, and hears of what comes from now on, but for this.
      await direct.queues.add(NAME, [{ id: 'm-1', data: 1 }])
      met.push('LISTEN')
    } else if (met.length === 1 && WAITS_ALREADY.test(said)) {
      met.push('question')
      return 'cut'
    }
    return 'pass'
  })
  await using bench = await openBench({ ...place, location: embedded.locate(proxy.port) })
  const taken: string[] = []
  await bench.consume(async ({ id }) => {
    taken.push(id)
    return { kind: 'done' }
  })
  await expect.poll(() => taken, MUCH_SOONER).toEqual(['m-1'])
  expect(met).toEqual(['LISTEN', 'question'])
})
