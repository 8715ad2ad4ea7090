import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import type { Ending } from '../../src/queue/queues.ts'
import { NAME, newPlace, openBench, type Bench, type Place } from './place.ts'

const DONE: Ending = { kind: 'done' }
const BACK: Ending = { kind: 'back' }

/** Whoever looks for stalled jobs says when anybody looks again: all have to be impatient. */
const IMPATIENT = { lockMs: 500, stalledCheckMs: 250 }

/** What consumers do while jobs run, on every store. */
export function consumersConformance(location: () => string): void {
  test('more jobs run as soon as concurrency is raised, also while a slow one runs', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(
      NAME,
      ['m-1', 'm-2', 'm-3', 'm-4', 'm-5'].map((id) => ({ id, data: 1 })),
    )
    const slow = Promise.withResolvers<Ending>()
    const consumer = await bench.consume(() => slow.promise)
    await expect.poll(() => consumer.active).toBe(1)
    await consumer.setConcurrency(4)
    await expect.poll(() => consumer.active).toBe(4)
    await consumer.setConcurrency(0)
    slow.resolve(DONE)
    await expect.poll(() => consumer.active).toBe(0)
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 1 })
    await consumer.setConcurrency(1)
    await expect.poll(() => bench.queues.depth(NAME)).toMatchObject({ waiting: 0, active: 0 })
  })

  test('a concurrency that is set before the consumer is up holds', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(
      NAME,
      ['m-1', 'm-2', 'm-3', 'm-4'].map((id) => ({ id, data: 1 })),
    )
    const slow = Promise.withResolvers<Ending>()
    const consumer = await bench.consume(() => slow.promise, { concurrency: 0 })
    await consumer.setConcurrency(3)
    await expect.poll(() => consumer.active).toBe(3)
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 1, active: 3 })
    slow.resolve(DONE)
  })

  test('raising concurrency does not unpark, and unparking does not outlive a later park', async () => {
    await using bench = await openBench(newPlace(location()))
    const slow = Promise.withResolvers<Ending>()
    let starts = 0
    const consumer = await bench.consume(() => {
      starts += 1
      return slow.promise
    })
    await bench.queues.add(
      NAME,
      ['m-1', 'm-2', 'm-3'].map((id) => ({ id, data: 1 })),
    )
    await expect.poll(() => consumer.active).toBe(1)
    consumer.park()
    await consumer.setConcurrency(3)
    const unparked = consumer.unpark()
    consumer.park()
    await unparked
    await consumer.setConcurrency(5)
    slow.resolve(DONE)
    await expect.poll(() => consumer.active).toBe(0)
    expect({ starts, isParked: consumer.isParked }).toEqual({ starts: 1, isParked: true })
    await consumer.unpark()
    await expect.poll(() => starts).toBe(3)
  })

  test('a job whose lock is lost is aborted and left to whoever has it', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    let reason: unknown
    const consumer = await bench.consume(
      async (_job, signal) => {
        await once(signal, 'abort')
        reason = signal.reason
        return { kind: 'dead', reason: 'must not be written' }
      },
      { lockMs: 400, stalledCheckMs: 3_600_000 },
    )
    await expect.poll(() => consumer.active).toBe(1)
    await stealLock(bench, 'm-1')
    await expect.poll(() => reason).toMatchObject({ code: 'JOB_LOCK_LOST' })
    await expect.poll(() => consumer.active).toBe(0)
    expect(await bench.queues.depth(NAME)).toMatchObject({ active: 1, dead: 0 })
    expect(bench.errors).toMatchObject([{ code: 'JOB_LOCK_LOST' }])
  })

  test('a job of a worker that was killed runs again', async () => {
    const place = newPlace(location())
    await using bench = await openBench(place)
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    await takeAndDie(place)
    const taken: string[] = []
    await bench.consume(async ({ id }) => {
      taken.push(id)
      return DONE
    }, IMPATIENT)
    await expect.poll(() => taken).toEqual(['m-1'])
  })

  test('a parked consumer still brings back the jobs of workers that died', async () => {
    const place = newPlace(location())
    await using bench = await openBench(place)
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    await takeAndDie(place)
    const consumer = await bench.consume(async () => DONE, IMPATIENT)
    consumer.park()
    await expect.poll(() => bench.queues.depth(NAME)).toMatchObject({ waiting: 1, active: 0 })
  })

  test('stop waits for running jobs and takes no others', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(
      NAME,
      ['m-1', 'm-2'].map((id) => ({ id, data: 1 })),
    )
    const slow = Promise.withResolvers<Ending>()
    const consumer = await bench.consume(() => slow.promise)
    await expect.poll(() => consumer.active).toBe(1)
    const stopped = consumer.stop(10_000)
    expect(consumer.stop(0)).toBe(stopped)
    slow.resolve(DONE)
    await stopped
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 1, active: 0 })
  })

  test('stop aborts what outlives its deadline, and the jobs go back in order', async () => {
    await using bench = await openBench(newPlace(location()))
    const ids = ['m-3', 'm-1', 'm-2', 'm-0']
    await bench.queues.add(
      NAME,
      ids.map((id) => ({ id, data: 1 })),
    )
    const reasons: unknown[] = []
    const consumer = await bench.consume(
      async (_job, signal) => {
        await once(signal, 'abort')
        reasons.push(signal.reason)
        return BACK
      },
      { concurrency: 3 },
    )
    await expect.poll(() => consumer.active).toBe(3)
    await consumer.stop(50, 5000)
    const stopped = { code: 'CONSUMER_STOPPED' }
    expect(reasons).toMatchObject([stopped, stopped, stopped])
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 4, active: 0 })
    const taken: string[] = []
    await bench.consume(async ({ id }) => {
      taken.push(id)
      return DONE
    })
    await expect.poll(() => taken).toEqual(ids)
  })

  test('stop ends also when a handler never does; its job is left to others', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    const never = Promise.withResolvers<Ending>()
    const consumer = await bench.consume(() => never.promise, IMPATIENT)
    await expect.poll(() => consumer.active).toBe(1)
    await consumer.stop(20, 20)
    never.resolve({ kind: 'dead', reason: 'too late' })
    await expect.poll(() => consumer.active).toBe(0)
    let starts = 0
    await bench.consume(async () => {
      starts += 1
      return DONE
    }, IMPATIENT)
    await expect.poll(() => starts).toBe(1)
    expect(await bench.queues.depth(NAME)).toMatchObject({ dead: 0 })
  })

  test('a process that stops its consumers and closes its store ends by itself', async () => {
    const program = fileURLToPath(new URL('programs/work-and-leave.ts', import.meta.url))
    const place = newPlace(location())
    const child = fork(program, [JSON.stringify({ place, name: NAME })], { execArgv: [] })
    expect(await once(child, 'exit')).toEqual([0, null])
  }, 20_000)
}

/** Another process takes the job of the queue and is killed while it runs. */
async function takeAndDie(place: Place): Promise<void> {
  const program = fileURLToPath(new URL('programs/take-and-hang.ts', import.meta.url))
  const child = fork(program, [JSON.stringify({ place, name: NAME, ...IMPATIENT })], {
    execArgv: [],
  })
  try {
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('it took nothing')))
    expect(await Promise.race([once(child, 'message'), ended])).toContain('m-1')
  } finally {
    child.kill('SIGKILL')
  }
}

/** What another worker does that takes a stalled job. */
async function stealLock({ store, queues }: Bench, id: string): Promise<void> {
  if (store.kind === 'redis') {
    await store.client.set(`${queues.raw(NAME).toKey(id)}:lock`, 'another')
  } else {
    await store.pool.query('update job set lock_token = $1 where id = $2', ['another', id])
  }
}
