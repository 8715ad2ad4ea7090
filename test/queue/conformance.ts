import { expect, test } from 'vitest'

import type { Ending } from '../../src/queue/queues.ts'
import { NAME, newPlace, openBench } from './place.ts'

const DONE: Ending = { kind: 'done' }
const BACK: Ending = { kind: 'back' }

/** What every store does with jobs, whatever BullMQ does on it. `location` gives a store to use. */
export function queuesConformance(location: () => string): void {
  test('a job that is done is gone', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: { to: ['ü'] } }])
    expect(await bench.queues.read(NAME, 'm-1')).toEqual({ to: ['ü'] })
    const taken: unknown[] = []
    await bench.consume(async ({ id, data }) => {
      taken.push({ id, data })
      return DONE
    })
    await expect.poll(() => taken).toEqual([{ id: 'm-1', data: { to: ['ü'] } }])
    await expect.poll(() => bench.queues.read(NAME, 'm-1')).toBeUndefined()
    expect(await bench.queues.depth(NAME)).toEqual({ waiting: 0, active: 0, delayed: 0, dead: 0 })
  })

  test('a dead job stays with its reason, and its id is taken until it is removed', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    let starts = 0
    await bench.consume(async () => {
      starts += 1
      return { kind: 'dead', reason: '550 no such user' }
    })
    await expect.poll(async () => (await bench.queues.depth(NAME)).dead).toBe(1)
    const job = await bench.queues.raw(NAME).getJob('m-1')
    expect(job?.failedReason).toBe('550 no such user')
    await bench.queues.add(NAME, [{ id: 'm-1', data: 2 }])
    expect(await bench.queues.read(NAME, 'm-1')).toBe(1)
    expect(await bench.queues.remove(NAME, 'm-1')).toBe(true)
    expect(await bench.queues.remove(NAME, 'm-1')).toBe(false)
    await bench.queues.add(NAME, [{ id: 'm-1', data: 2 }])
    await expect.poll(() => starts).toBe(2)
    expect(bench.errors).toEqual([])
  })

  test('a dead job that is revived runs again as it was, and nothing else can be revived', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: { to: ['ü'] }, priority: 'high' }])
    expect(await bench.queues.stateOf(NAME, 'm-1')).toBe('waiting')
    expect(await bench.queues.revive(NAME, 'm-1')).toBe(false)
    const ran: unknown[] = []
    const consumer = await bench.consume(async ({ id, data }) => {
      ran.push([id, data])
      return { kind: 'dead', reason: '550 no such user' }
    })
    await expect.poll(() => bench.queues.stateOf(NAME, 'm-1')).toBe('dead')
    consumer.park()
    await bench.queues.add(NAME, [
      { id: 'm-low', data: 0, priority: 'low' },
      { id: 'm-high', data: 0, priority: 'high' },
    ])
    const answers = await Promise.all([1, 2].map(() => bench.queues.revive(NAME, 'm-1')))
    expect(answers.filter(Boolean)).toHaveLength(1)
    expect(await bench.queues.stateOf(NAME, 'm-1')).toBe('waiting')
    await consumer.unpark()
    await expect.poll(async () => (await bench.queues.depth(NAME)).dead).toBe(3)
    expect(ran.slice(0, 2)).toEqual([
      ['m-1', { to: ['ü'] }],
      ['m-high', 0],
    ])
    expect(ran[2]).toEqual(['m-1', { to: ['ü'] }])
    expect(await bench.queues.revive(NAME, 'none')).toBe(false)
    expect(await bench.queues.stateOf(NAME, 'none')).toBeUndefined()
    expect(bench.errors).toEqual([])
  })

  test('a deferred job comes back after its delay and has not failed', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    const starts: number[] = []
    await bench.consume(async () => {
      starts.push(performance.now())
      return starts.length < 3 ? { kind: 'later', delayMs: 200 } : { kind: 'dead', reason: 'x' }
    })
    await expect.poll(async () => (await bench.queues.depth(NAME)).dead).toBe(1)
    const [first = 0, second = 0, third = 0] = starts
    expect(second - first).toBeGreaterThan(190)
    expect(third - second).toBeGreaterThan(190)
    const job = await bench.queues.raw(NAME).getJob('m-1')
    expect(job).toMatchObject({ attemptsMade: 1, attemptsStarted: 3 })
  })

  test('a job whose handler fails comes back, as often as that happens', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    const starts: number[] = []
    await bench.consume(async () => {
      starts.push(performance.now())
      if (starts.length < 3) throw new Error('not foreseen')
      return DONE
    })
    await expect
      .poll(() =>
        bench.queues
          .raw(NAME)
          .getJob('m-1')
          .then((job) => job?.attemptsMade),
      )
      .toBe(2)
    const job = await bench.queues.raw(NAME).getJob('m-1')
    expect(job?.stacktrace).toHaveLength(1)
    await expect.poll(() => bench.queues.read(NAME, 'm-1')).toBeUndefined()
    const [first = 0, second = 0, third = 0] = starts
    expect(second - first).toBeGreaterThan(990)
    expect(third - second).toBeGreaterThan(1990)
    expect(bench.errors).toContainEqual(new Error('not foreseen'))
  })

  test('parked jobs keep their order, cost nothing, and run when the consumer is unparked', async () => {
    await using bench = await openBench(newPlace(location()))
    const ids = Array.from({ length: 20 }, (_, at) => `m-${(at * 7) % 20}x`)
    await bench.queues.add(
      NAME,
      ids.map((id) => ({ id, data: 1 })),
    )
    await bench.queues.add(NAME, [{ id: 'far', data: 1, delayMs: 3_600_000 }])
    const taken: string[] = []
    let isBroken = true
    const consumer = await bench.consume(
      async ({ id }) => {
        taken.push(id)
        if (!isBroken) return DONE
        await expect.poll(() => taken.length).toBeGreaterThanOrEqual(3)
        consumer.park()
        return BACK
      },
      { concurrency: 3 },
    )
    await expect.poll(() => consumer.isParked && consumer.active === 0).toBe(true)
    await expect.poll(async () => (await bench.queues.depth(NAME)).waiting).toBe(20)
    // A second park takes jobs that were returned before.
    await consumer.unpark()
    await expect.poll(() => consumer.isParked && consumer.active === 0).toBe(true)
    expect(taken.length).toBeLessThanOrEqual(8)
    isBroken = false
    taken.length = 0
    await consumer.setConcurrency(1)
    await bench.queues.add(NAME, [{ id: 'newest', data: 1 }])
    await consumer.unpark()
    await expect.poll(() => taken).toEqual([...ids, 'newest'])
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 0, delayed: 1, dead: 0 })
  })

  test('a job that goes back spends no attempt', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1, priority: 'low' }])
    let starts = 0
    const consumer = await bench.consume(async () => {
      starts += 1
      consumer.park()
      return BACK
    })
    await expect.poll(() => consumer.isParked && consumer.active === 0).toBe(true)
    const job = await bench.queues.raw(NAME).getJob('m-1')
    expect(job).toMatchObject({ attemptsMade: 0 })
    const startsAfterMs = async (): Promise<number> => {
      const startsWhenParked = starts
      const before = performance.now()
      await consumer.unpark()
      await expect.poll(() => starts).toBe(startsWhenParked + 1)
      const afterMs = performance.now() - before
      await expect.poll(() => consumer.isParked && consumer.active === 0).toBe(true)
      return afterMs
    }
    // Else nothing would be taken for a second, however idle the machine is.
    await expect.poll(startsAfterMs).toBeLessThan(1000)
  })

  test('a consumer that nobody parks takes nothing for a second after a job went back', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    const starts: number[] = []
    await bench.consume(async () => {
      starts.push(performance.now())
      return starts.length < 3 ? BACK : DONE
    })
    await expect.poll(() => starts.length).toBe(3)
    const [first = 0, , third = 0] = starts
    expect(third - first).toBeGreaterThan(990)
    await expect.poll(() => bench.queues.read(NAME, 'm-1')).toBeUndefined()
  })

  test('high goes before normal before low, first come first served, also after a delay', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [
      { id: 'low-1', data: 1, priority: 'low' },
      { id: 'normal-1', data: 1 },
      { id: 'high-later', data: 1, priority: 'high' },
      { id: 'normal-2', data: 1, priority: 'normal' },
      { id: 'high-2', data: 1, priority: 'high' },
      { id: 'high-1', data: 1, priority: 'high' },
      { id: 'low-0', data: 1, priority: 'low' },
    ])
    const taken: string[] = []
    const consumer = await bench.consume(async ({ id }) => {
      taken.push(id)
      if (taken.length === 1) {
        consumer.park()
        return { kind: 'later', delayMs: 100 }
      }
      return DONE
    })
    await expect.poll(() => consumer.isParked && consumer.active === 0).toBe(true)
    const due = performance.now() + 150
    await expect.poll(() => performance.now()).toBeGreaterThan(due)
    await consumer.unpark()
    await expect.poll(() => taken.length).toBe(8)
    expect(taken[0]).toBe('high-later')
    expect(taken.filter((id) => !id.startsWith('high-later'))).toEqual([
      'high-2',
      'high-1',
      'normal-1',
      'normal-2',
      'low-1',
      'low-0',
    ])
    expect(taken.lastIndexOf('high-later')).toBeLessThan(taken.indexOf('normal-2'))
  })

  test('a job that is delayed is not taken before', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'far', data: 1, delayMs: 3_600_000 }])
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 0, delayed: 1 })
    const taken = new Map<string, number>()
    await bench.consume(async ({ id }) => {
      taken.set(id, performance.now())
      return DONE
    })
    const waits: number[] = []
    const shortestMs = async (): Promise<number> => {
      const id = `m-${waits.length}`
      const added = performance.now()
      await bench.queues.add(NAME, [{ id, data: 1, delayMs: 400 }])
      await expect.poll(() => taken.has(id)).toBe(true)
      waits.push((taken.get(id) ?? 0) - added)
      return Math.min(...waits)
    }
    // A busy machine may be late, but not always.
    await expect.poll(shortestMs).toBeLessThan(1400)
    expect(Math.min(...waits)).toBeGreaterThan(380)
  })

  test('the same id is one job, whichever call adds it', async () => {
    await using bench = await openBench(newPlace(location()))
    const consumer = await bench.consume(async () => DONE, { concurrency: 0 })
    await bench.queues.add(NAME, [{ id: 'm-1', data: 'first' }])
    await bench.queues.add(NAME, [{ id: 'm-1', data: 'second' }])
    await bench.queues.add(NAME, [
      { id: 'm-2', data: 1 },
      { id: 'm-1', data: 'third' },
      { id: 'm-2', data: 2 },
    ])
    await bench.queues.add(NAME, [])
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 2 })
    expect(await bench.queues.read(NAME, 'm-1')).toBe('first')
    expect(await bench.queues.read(NAME, 'm-2')).toBe(1)
    expect(consumer.active).toBe(0)
  })

  test('names that differ in case, accents or spaces are different queues', async () => {
    await using bench = await openBench(newPlace(location()))
    const names = ['a b', 'A b', 'a:b', 'a%20b', 'ä', 'a\u0308', '关系']
    for (const name of names) await bench.queues.add(name, [{ id: 'm-1', data: name }])
    for (const name of names) {
      expect(await bench.queues.depth(name)).toMatchObject({ waiting: 1 })
      expect(await bench.queues.read(name, 'm-1')).toBe(name)
    }
  })

  test('jobs of a paused queue count as waiting', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    await bench.queues.raw(NAME).pause()
    await bench.queues.add(NAME, [{ id: 'm-2', data: 1 }])
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 2 })
  })

  test('a job that runs is not removed', async () => {
    await using bench = await openBench(newPlace(location()))
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    const running = Promise.withResolvers<Ending>()
    const consumer = await bench.consume(() => running.promise)
    await expect.poll(() => consumer.active).toBe(1)
    expect(await bench.queues.remove(NAME, 'm-1')).toBe(false)
    running.resolve(DONE)
  })
}
