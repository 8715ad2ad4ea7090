import { expect, test } from 'vitest'

import { NAME, newPlace, openBench } from './place.ts'

/** What every store does with jobs that nobody takes. */
export function sweepingConformance(location: () => string): void {
  test('waiting and delayed jobs are read page by page, those first that come first', async () => {
    await using bench = await openBench(newPlace(location()))
    const { queues } = bench
    await queues.add(
      NAME,
      ['a', 'b', 'c'].map((id) => ({ id: `m-${id}`, data: id })),
    )
    await queues.add(NAME, [
      { id: 'm-high', data: 'high', priority: 'high' },
      { id: 'm-low', data: 'low', priority: 'low' },
      { id: 'm-late', data: 'late', delayMs: 900_000 },
      { id: 'm-later', data: 'later', delayMs: 9_000_000 },
    ])
    const ids = async (
      ...[state, offset, limit]: [
        state: 'waiting' | 'delayed' | 'dead',
        offset: number,
        limit: number,
      ]
    ) => (await queues.page(NAME, state, offset, limit)).map(({ id }) => id)
    expect(await ids('waiting', 0, 2)).toEqual(['m-high', 'm-a'])
    expect(await ids('waiting', 2, 100)).toEqual(['m-b', 'm-c', 'm-low'])
    expect(await ids('waiting', 5, 100)).toEqual([])
    expect(await ids('waiting', 0, 0)).toEqual([])
    expect(await ids('delayed', 0, 10)).toEqual(['m-late', 'm-later'])
    expect(await ids('dead', 0, 10)).toEqual([])
    const heads = await queues.heads(NAME)
    expect(heads).toEqual([
      { id: 'm-high', data: 'high' },
      { id: 'm-a', data: 'a' },
      { id: 'm-low', data: 'low' },
    ])
    expect(await queues.heads('empty')).toEqual([])
  })

  test('jobs that wait or are delayed are buried with their reason, and the others stay', async () => {
    await using bench = await openBench(newPlace(location()))
    const { queues } = bench
    await queues.add(NAME, [
      { id: 'm-1', data: 1 },
      { id: 'm-2', data: 2 },
      { id: 'm-3', data: 3, delayMs: 900_000, priority: 'low' },
      { id: 'm-4', data: 4, delayMs: 900_000 },
    ])
    expect(await queues.findStray(NAME, ['m-1', 'm-2', 'gone', 'm-4'])).toEqual({
      gone: ['gone'],
      dead: [],
    })
    const reason = 'expired: nobody took it in time'
    const buried = await queues.bury(NAME, [
      { id: 'm-2', reason },
      { id: 'm-3', reason },
      { id: 'gone', reason },
    ])
    expect(buried).toEqual(['m-2', 'm-3'])
    expect(await queues.depth(NAME)).toEqual({ waiting: 1, active: 0, delayed: 1, dead: 2 })
    expect((await queues.raw(NAME).getJob('m-3'))?.failedReason).toBe(reason)
    expect(await queues.findStray(NAME, ['m-1', 'm-2', 'gone', 'm-3'])).toEqual({
      gone: ['gone'],
      dead: ['m-2', 'm-3'],
    })
    expect((await queues.page(NAME, 'dead', 0, 10)).map(({ id }) => id)).toEqual(['m-2', 'm-3'])
    expect(await queues.bury(NAME, [{ id: 'm-2', reason }])).toEqual([])

    expect(await queues.revive(NAME, 'm-3')).toBe(true)
    await queues.add(NAME, [{ id: 'm-5', data: 5 }])
    const taken: string[] = []
    await bench.consume(async ({ id }) => {
      taken.push(id)
      return { kind: 'done' }
    })
    await expect.poll(() => taken).toEqual(['m-1', 'm-5', 'm-3'])
    expect(bench.errors).toEqual([])
  })

  test('what is buried in vain while its queue is paused keeps its place, and its class later', async () => {
    await using bench = await openBench(newPlace(location()))
    const { queues } = bench
    await queues.add(NAME, [
      { id: 'm-1', data: 1 },
      { id: 'm-low', data: 2, priority: 'low' },
      { id: 'm-lower', data: 3, priority: 'low' },
    ])
    const dead = [{ id: 'm-lower', reason: 'expired' }]
    await queues.pause(NAME)
    expect(await queues.bury(NAME, dead)).toEqual([])
    const waiting = await queues.page(NAME, 'waiting', 0, 10)
    expect(waiting.map(({ id }) => id)).toEqual(['m-1', 'm-low', 'm-lower'])
    await queues.resume(NAME)
    // As it is when somebody pauses between the two steps.
    await (await queues.raw(NAME).getJob('m-lower'))?.changePriority({ priority: 1 })
    expect(await queues.bury(NAME, dead)).toEqual(['m-lower'])
    expect(await queues.revive(NAME, 'm-lower')).toBe(true)
    expect((await queues.heads(NAME)).map(({ id }) => id)).toEqual(['m-1', 'm-low'])
    await queues.remove(NAME, 'm-low')
    expect((await queues.heads(NAME)).map(({ id }) => id)).toEqual(['m-1', 'm-lower'])
  })

  test('a job that is woken waits in its class at once, whether it was delayed or dead', async () => {
    await using bench = await openBench(newPlace(location()))
    const { queues } = bench
    await queues.add(NAME, [
      { id: 'm-low', data: { digest: 'a' }, priority: 'low', delayMs: 900_000 },
      { id: 'm-high', data: { digest: 'a' }, priority: 'high', delayMs: 900_000 },
      { id: 'm-dead', data: { digest: 'a' } },
      { id: 'm-waits', data: { digest: 'a' } },
    ])
    await queues.bury(NAME, [{ id: 'm-dead', reason: 'uncertain' }])
    const wakeAll = (digest: string) =>
      Promise.all(
        ['m-low', 'm-high', 'm-dead', 'm-waits', 'none'].map((id) => queues.wake(NAME, id, digest)),
      )
    expect(await wakeAll('b')).toEqual([false, false, false, false, false])
    expect(await queues.depth(NAME)).toMatchObject({ waiting: 1, delayed: 2, dead: 1 })
    expect(await wakeAll('a')).toEqual([true, true, true, false, false])
    expect(await queues.depth(NAME)).toEqual({ waiting: 4, active: 0, delayed: 0, dead: 0 })
    const taken: string[] = []
    const running = Promise.withResolvers<void>()
    await bench.consume(async ({ id }) => {
      taken.push(id)
      if (id === 'm-low') await running.promise
      return { kind: 'done' }
    })
    await expect.poll(() => taken).toEqual(['m-high', 'm-waits', 'm-dead', 'm-low'])
    expect(await queues.wake(NAME, 'm-low', 'a')).toBe(false)
    running.resolve()
    expect(bench.errors).toEqual([])
  })

  test('a delayed job that two wake at once is woken once, also while its queue is paused', async () => {
    await using bench = await openBench(newPlace(location()))
    const { queues } = bench
    await queues.add(NAME, [{ id: 'm-1', data: 1, delayMs: 900_000 }])
    await queues.pause(NAME)
    const woken = await Promise.all([1, 2].map(() => queues.wake(NAME, 'm-1')))
    expect(woken.filter(Boolean)).toHaveLength(1)
    expect(await queues.depth(NAME)).toEqual({ waiting: 1, active: 0, delayed: 0, dead: 0 })
    const taken: string[] = []
    await bench.consume(async ({ id }) => {
      taken.push(id)
      return { kind: 'done' }
    })
    await queues.resume(NAME)
    await expect.poll(() => taken).toEqual(['m-1'])
  })

  test('a job that a worker has taken cannot be buried', async () => {
    await using bench = await openBench(newPlace(location()))
    const { queues } = bench
    await queues.add(NAME, [{ id: 'm-1', data: 1 }])
    const running = Promise.withResolvers<void>()
    await bench.consume(async () => {
      await running.promise
      return { kind: 'done' }
    })
    await expect.poll(() => queues.stateOf(NAME, 'm-1')).toBe('active')
    expect(await queues.bury(NAME, [{ id: 'm-1', reason: 'x' }])).toEqual([])
    expect(await queues.findStray(NAME, ['m-1'])).toEqual({ gone: [], dead: [] })
    running.resolve()
    await expect.poll(() => queues.findStray(NAME, ['m-1'])).toEqual({ gone: ['m-1'], dead: [] })
  })
}
