import { expect, test } from 'vitest'

import type { Ending } from '../../src/queue/queues.ts'
import { openBench, NAME, type Bench, type Place } from './place.ts'

const DONE: Ending = { kind: 'done' }

/** A store of one test that can be taken down. */
export interface Outage extends AsyncDisposable {
  readonly place: Place
  /** Takes the store down as a crash does. */
  crash(): Promise<void>
  /** Resolves when it is up again. */
  recover(): Promise<void>
}

/** What queues do when their store crashes, on every store. */
export function outageConformance(start: () => Promise<Outage>): void {
  test('a crash in the middle of a burst: every job runs, idle consumers wake up', async () => {
    await using store = await start()
    await using bench = await openBench(store.place)
    const ids = Array.from({ length: 300 }, (_, at) => `m-${at}`)
    const taken = new Map<string, number>()
    const note = async ({ id }: { readonly id: string }): Promise<Ending> => {
      taken.set(id, (taken.get(id) ?? 0) + 1)
      return DONE
    }
    await bench.consume(note, { concurrency: 4, lockMs: 2000, stalledCheckMs: 1000 })
    await bench.consume(note, { name: 'idle', lockMs: 2000, stalledCheckMs: 1000 })
    await bench.queues.add(
      NAME,
      ids.map((id) => ({ id, data: 1 })),
    )
    await expect.poll(() => taken.size).toBeGreaterThan(10)
    await store.crash()
    await store.recover()
    await expect.poll(() => taken.size).toBe(300)
    await expect.poll(() => depthOf(bench)).toEqual({ waiting: 0, active: 0, delayed: 0, dead: 0 })
    // The few that were under way may run twice: the ledger knows them.
    expect([...taken.values()].filter((starts) => starts > 1).length).toBeLessThanOrEqual(4)
    await expect
      .poll(() => bench.queues.add('idle', [{ id: 'late', data: 1 }]).then(() => taken.get('late')))
      .toBeGreaterThan(0)
  })

  test('a job that ends during an outage keeps its ending', async () => {
    await using store = await start()
    await using bench = await openBench(store.place)
    const ending = new Map<string, PromiseWithResolvers<Ending>>(
      ['done', 'dead', 'later', 'back'].map((id) => [id, Promise.withResolvers()]),
    )
    const starts: string[] = []
    const consumer = await bench.consume(
      ({ id }) => {
        starts.push(id)
        return ending.get(id)?.promise ?? Promise.resolve(DONE)
      },
      { concurrency: 4 },
    )
    await bench.queues.add(
      NAME,
      [...ending.keys()].map((id) => ({ id, data: 1 })),
    )
    await expect.poll(() => consumer.active).toBe(4)
    await store.crash()
    consumer.park()
    ending.get('done')?.resolve(DONE)
    ending.get('dead')?.resolve({ kind: 'dead', reason: 'no such user' })
    ending.get('later')?.resolve({ kind: 'later', delayMs: 3_600_000 })
    ending.get('back')?.resolve({ kind: 'back' })
    await store.recover()
    await expect.poll(() => depthOf(bench)).toEqual({ waiting: 1, active: 0, delayed: 1, dead: 1 })
    expect(starts).toHaveLength(4)
  })

  test('a consumer stops in bounded time while the store is down', async () => {
    await using store = await start()
    const bench = await openBench(store.place)
    const slow = Promise.withResolvers<Ending>()
    const busy = await bench.consume(() => slow.promise)
    const idle = await bench.consume(async () => DONE, { name: 'idle' })
    await bench.queues.add(NAME, [{ id: 'm-1', data: 1 }])
    await expect.poll(() => busy.active).toBe(1)
    await store.crash()
    const late = await bench.consume(async () => DONE, { name: 'late' })
    const before = performance.now()
    const stopped = Promise.all([busy.stop(200, 200), idle.stop(200), late.stop(200)])
    slow.resolve({ kind: 'later', delayMs: 1000 })
    await stopped
    await bench[Symbol.asyncDispose]()
    expect(performance.now() - before).toBeLessThan(30_000)
    await store.recover()
  })
}

const depthOf = async ({ queues }: Bench): Promise<unknown> =>
  queues.depth(NAME).catch((error: unknown) => error)
