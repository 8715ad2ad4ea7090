import { expect, test, vi } from 'vitest'

import type { Ending } from '../../src/queue/queues.ts'
import { NAME, newPlace, openBench } from './place.ts'

const DONE: Ending = { kind: 'done' }
/** Whoever looks for stalled jobs says when anybody looks again: all have to be impatient. */
const IMPATIENT = { lockMs: 500, stalledCheckMs: 250 }
const HOUR_MS = 3_600_000

/** Sets this process' clock until it is disposed of; `performance` goes on. */
function aheadBy(ms: number): Disposable {
  const real = Date.now.bind(Date)
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => real() + ms)
  return { [Symbol.dispose]: () => spy.mockRestore() }
}

/** What consumers do whose clock differs from the store's, on every store. */
export function clockConformance(location: () => string): void {
  test.for([{ isParked: true }, { isParked: false }])(
    'a consumer whose clock is hours ahead leaves jobs to those who run them (parked: $isParked)',
    async ({ isParked }) => {
      await using bench = await openBench(newPlace(location()))
      await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
      const slow = Promise.withResolvers<Ending>()
      // It neither renews its lock nor looks for others: it knows nothing of the clock that is set below.
      const unaware = { lockMs: HOUR_MS, stalledCheckMs: HOUR_MS }
      const owner = await bench.consume(() => slow.promise, unaware)
      await expect.poll(() => owner.active).toBe(1)
      let looks = 0
      const now = (): number => {
        looks += 1
        return performance.timeOrigin + performance.now()
      }
      using clock = aheadBy(26 * HOUR_MS)
      const hasty = await bench.consume(async () => DONE, { ...IMPATIENT, now })
      if (isParked) hasty.park()
      await expect.poll(() => looks).toBeGreaterThan(6)
      clock[Symbol.dispose]()
      expect(await bench.queues.depth(NAME)).toMatchObject({ waiting: 0, active: 1 })
      expect(hasty.active).toBe(0)
      slow.resolve(DONE)
      await expect.poll(() => bench.queues.depth(NAME)).toMatchObject({ waiting: 0, active: 0 })
      expect(bench.errors).toEqual([])
    },
  )

  test('what a consumer whose clock is off has taken goes back, and runs when it is right', async () => {
    await using bench = await openBench(newPlace(location()))
    let skewMs = 26 * HOUR_MS
    let looks = 0
    let runs = 0
    const now = (): number => {
      looks += 1
      return Date.now() + skewMs
    }
    const run = async (): Promise<Ending> => {
      runs += 1
      return DONE
    }
    // It looks at the clock once when it is up, and then when there is a job.
    await bench.consume(run, { stalledCheckMs: HOUR_MS, now })
    await expect.poll(() => looks).toBe(1)
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    await expect.poll(() => looks).toBeGreaterThan(1)
    expect(runs).toBe(0)
    skewMs = 0
    await expect.poll(() => bench.queues.depth(NAME)).toMatchObject({ waiting: 0, active: 0 })
    expect(runs).toBe(1)
  })
}
