import { expect, test } from 'vitest'

import type { Ending } from '../../src/queue/queues.ts'
import { NAME, newPlace, openBench } from './place.ts'

const DONE: Ending = { kind: 'done' }
const OTHER = 'other'

/** What every store does while the taking of a name is stopped for everybody. */
export function pausingConformance(location: () => string): void {
  test('of a paused name nobody takes, now or later, until it is resumed', async () => {
    const place = newPlace(location())
    await using operator = await openBench(place)
    await using bench = await openBench(place)
    const taken: string[] = []
    const take = async ({ id }: { readonly id: string }): Promise<Ending> => {
      taken.push(id)
      return DONE
    }
    await bench.consume(take)
    await bench.consume(take, { name: OTHER })
    await bench.queues.add(NAME, [{ id: 'm-0', data: 0 }])
    await expect.poll(() => taken).toEqual(['m-0'])

    await operator.queues.pause(NAME)
    await operator.queues.pause(NAME)
    expect(await bench.queues.isPaused(NAME)).toBe(true)
    expect(await bench.queues.isPaused(OTHER)).toBe(false)
    await bench.consume(take)
    await bench.queues.add(NAME, [
      { id: 'm-1', data: 1 },
      { id: 'm-2', data: 2, priority: 'high' },
    ])
    await bench.queues.add(OTHER, [{ id: 'o-1', data: 1 }])
    await expect.poll(() => taken).toEqual(['m-0', 'o-1'])
    expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 2, active: 0 })

    await operator.queues.resume(NAME)
    await operator.queues.resume(NAME)
    expect(await bench.queues.isPaused(NAME)).toBe(false)
    await expect.poll(() => taken.toSorted()).toEqual(['m-0', 'm-1', 'm-2', 'o-1'])
    expect([...bench.errors, ...operator.errors]).toEqual([])
  })

  test('what runs when its name is paused goes on, and what goes back keeps its place', async () => {
    await using bench = await openBench(newPlace(location()))
    const answer = Promise.withResolvers<Ending>()
    const taken: string[] = []
    const consumer = await bench.consume(async ({ id }) => {
      taken.push(id)
      return taken.length === 1 ? answer.promise : DONE
    })
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    await expect.poll(() => taken).toEqual(['m-1'])
    await bench.queues.pause(NAME)
    await bench.queues.add(NAME, [{ id: 'm-2', data: 2 }])
    consumer.park()
    answer.resolve({ kind: 'back' })
    await expect.poll(() => bench.queues.depth(NAME)).toMatchObject({ waiting: 2, active: 0 })
    await consumer.unpark()
    await bench.queues.resume(NAME)
    await expect.poll(() => taken).toEqual(['m-1', 'm-1', 'm-2'])
  })
}
