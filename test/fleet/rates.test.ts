import { expect, test } from 'vitest'

import { openBudgetRecords } from '../../src/fleet/budget-records.ts'
import { lower, loweredEveryMs, perMinute } from '../../src/fleet/lowered-rate.ts'
import {
  NOTHING_SENT,
  takeSlots,
  type RateBook,
  type RateLimit,
} from '../../src/fleet/rate-book.ts'
import { openRates, type Pace, type Rates } from '../../src/fleet/rates.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeStores, type TestStore } from '../support/stores.ts'

/** `count` messages in a minute, `burst` of them at once. */
function messages(count: number, burst = 1): RateLimit {
  return { of: 'messages', everyMs: 60_000 / count, burst, perMs: 60_000 }
}

function recipients(count: number, burst: number): RateLimit {
  return { of: 'recipients', everyMs: 86_400_000 / count, burst, perMs: 86_400_000 }
}

interface Fleet extends AsyncDisposable {
  readonly store: Store
  worker(): Promise<Rates>
}

async function openFleet({ queue, prefix, schema }: TestStore): Promise<Fleet> {
  await using opened = new AsyncDisposableStack()
  const store = opened.use(
    await openStore(queue, { patience: 'wait', prefix, schema, allowUnsafeStore: true }),
  )
  const held = opened.move()
  return {
    store,
    worker: async () =>
      held.use(await openRates(store, { now: Date.now, everyMs: 50, onFault: unexpected })),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

function unexpected(error: unknown): never {
  throw error
}

const NEVER = new AbortController().signal

async function paceOf(fleet: Fleet): Promise<Pace> {
  return (await fleet.worker()).open('relay', () => {})
}

describeStores('rates', (place) => {
  test('of what all workers take together none comes before its time', async () => {
    await using fleet = await openFleet(place())
    const paces = await Promise.all(Array.from({ length: 4 }, () => paceOf(fleet)))
    const limits = [messages(6_000, 5)]
    const startedAt = await fleet.store.nowMs()
    const at: number[] = []
    await Promise.all(
      paces.flatMap((pace) =>
        Array.from({ length: 20 }, async () => {
          expect(await pace.take(limits, 1, NEVER)).toEqual({ kind: 'go' })
          at.push(performance.timeOrigin + performance.now())
        }),
      ),
    )
    for (const [index, moment] of at.entries()) {
      expect(moment).toBeGreaterThanOrEqual(startedAt + (index + 1 - 5) * 10)
    }
    expect(at).toHaveLength(80)
  })

  test('a slot that is far away is told and costs nothing, and the wait for it is remembered', async () => {
    await using fleet = await openFleet(place())
    const pace = await paceOf(fleet)
    const limits = [messages(2)]
    expect(await pace.take(limits, 1, NEVER)).toEqual({ kind: 'go' })
    const later = await pace.take(limits, 1, NEVER)
    expect(later).toMatchObject({ kind: 'later' })
    expect(later.kind === 'later' && later.forMs).toBeGreaterThan(20_000)
    expect(await pace.take(limits, 1, NEVER)).toMatchObject({ kind: 'later' })
    const other = await paceOf(fleet)
    await expect.poll(() => other.waits).toHaveLength(1)
    const [wait] = other.waits
    expect((wait?.to ?? 0) - (wait?.from ?? 0)).toBeGreaterThan(20_000)
  })

  test('who goes away while waiting leaves the slot to the next', async () => {
    await using fleet = await openFleet(place())
    const pace = await paceOf(fleet)
    const limits = [messages(60)]
    await pace.take(limits, 1, NEVER)
    const leaving = new AbortController()
    const left = pace.take(limits, 1, leaving.signal)
    const records = openBudgetRecords(fleet.store, 'rates')
    const version = async (): Promise<number> => (await records.all()).get('relay')?.version ?? 0
    await expect.poll(version).toBe(2)
    leaving.abort()
    expect(await left).toEqual({ kind: 'gone' })
    expect(await pace.take(limits, 1, NEVER)).toEqual({ kind: 'go' })
    expect(await version()).toBe(2)
  })

  test('much is taken with few questions to the store', async () => {
    await using fleet = await openFleet(place())
    const pace = await paceOf(fleet)
    const limits = [messages(600_000, 10_000)]
    for (let taken = 0; taken < 1_000; taken += 5) {
      await Promise.all(Array.from({ length: 5 }, () => pace.take(limits, 1, NEVER)))
    }
    const record = (await openBudgetRecords(fleet.store, 'rates').all()).get('relay')
    expect(record?.version).toBeLessThan(150)
  })

  test('a rate that one worker has to lower is lowered for all, and once for what is said at once', async () => {
    await using fleet = await openFleet(place())
    const [first, second] = [await paceOf(fleet), await paceOf(fleet)]
    expect(second.isFree([])).toBe(true)
    const askedAt = await fleet.store.nowMs()
    const said = await Promise.all([
      first.slowDown(askedAt, [], 100),
      first.slowDown(askedAt, [], 100),
      second.slowDown(askedAt, [], 100),
    ])
    expect(said.filter((lowered) => lowered !== undefined)).toHaveLength(1)
    await expect.poll(() => second.loweredEveryMs).toBe(200)
    expect(second.isFree([])).toBe(false)
    await expect.poll(() => first.loweredEveryMs).toBe(200)
  })

  test('what stands in the store and nobody can read is begun anew', async () => {
    await using fleet = await openFleet(place())
    const records = openBudgetRecords(fleet.store, 'rates')
    await records.replace([{ manager: 'relay', version: 1, text: '{"used":1}' }])
    expect(await (await paceOf(fleet)).take([messages(2)], 1, NEVER)).toEqual({ kind: 'go' })
  })
})

/** Takes for one message after the other at `now`, however far away; answers when each may go. */
function slotsAt(book: RateBook, limits: readonly RateLimit[], counts: readonly number[], now = 0) {
  return takeSlots(book, limits, counts, now, Infinity).slots.at
}

test.for<[limits: RateLimit[], counts: number[], at: number[]]>([
  [[messages(30)], [1, 1, 1], [0, 2_000, 4_000]],
  [[messages(30, 3)], [1, 1, 1, 1, 1], [0, 0, 0, 2_000, 4_000]],
  [
    [messages(30), { ...messages(60), perMs: 3_600_000 }],
    [1, 1, 1],
    [0, 2_000, 4_000],
  ],
  [[recipients(86_400, 10)], [4, 6, 1, 2], [0, 0, 1_000, 3_000]],
  [[recipients(86_400, 10)], [25, 1], [0, 16_000]],
  [
    [recipients(86_400, 10), messages(60)],
    [5, 5, 5],
    [0, 1_000, 5_000],
  ],
])('with %j messages to %j recipients go at %j', ([limits, counts, at]) => {
  expect(slotsAt(NOTHING_SENT, limits, counts)).toEqual(at)
})

test('in no span go more than the rate yields in it and a burst', () => {
  const limits = [messages(30, 4)]
  const at: number[] = []
  let book = NOTHING_SENT
  let seed = 7
  for (let now = 0; now < 600_000; now += seed % 3_000) {
    seed = (seed * 48_271) % 2_147_483_647
    const taken = takeSlots(book, limits, [1, 1, 1].slice(seed % 3), now)
    book = taken.book
    at.push(...taken.slots.at)
  }
  expect(at.length).toBeGreaterThan(290)
  for (const [first, from] of at.entries()) {
    for (let last = first; last < at.length; last += 1) {
      expect(last - first + 1).toBeLessThanOrEqual(((at[last] ?? 0) - from) / 2_000 + 4)
    }
  }
})

test('the strictest terms of all workers count while somebody says them', () => {
  const { book } = takeSlots(NOTHING_SENT, [messages(30)], [1], 0)
  expect(slotsAt(book, [messages(60)], [1, 1], 0)).toEqual([2_000, 4_000])
  expect(slotsAt(book, [messages(60)], [1, 1], 70_000)).toEqual([70_000, 71_000])
})

test('what was given under a slower rate weighs as much under the one that follows', () => {
  const { book } = takeSlots(NOTHING_SENT, [messages(1, 4)], [1, 1, 1, 1], 0)
  expect(slotsAt(book, [messages(60, 4)], [1, 1], 60_000)).toEqual([60_000, 61_000])
})

test('a message that is split counts as often as it is sent', () => {
  const limits = [{ ...messages(60, 3), recipientsEach: 100 }]
  expect(slotsAt(NOTHING_SENT, limits, [250, 100, 101, 1])).toEqual([0, 1_000, 3_000, 4_000])
})

test('waits that follow each other are one', () => {
  const limits = [messages(2)]
  let { book } = takeSlots(NOTHING_SENT, limits, [1], 0)
  book = takeSlots(book, limits, [1], 1_000).book
  book = takeSlots(book, limits, [1], 2_000).book
  expect(book.waits).toEqual([{ from: 1_000, to: 30_000 }])
  book = takeSlots(book, limits, [1], 30_000).book
  book = takeSlots(book, limits, [1], 40_000).book
  expect(book.waits).toEqual([
    { from: 1_000, to: 30_000 },
    { from: 40_000, to: 60_000 },
  ])
})

test('a rate is halved, and raised by a quarter each minute until it is what it was', () => {
  const lowered = lower(undefined, 0, undefined, 100, 0)
  expect(lowered).toEqual({ everyMs: 200, fromEveryMs: 100, since: 0, at: 0 })
  const after = (ms: number): number | undefined => {
    const everyMs = loweredEveryMs(lowered, ms)
    return everyMs && perMinute(everyMs)
  }
  expect([0, 59_999, 60_000, 120_000, 180_000, 240_000].map(after)).toEqual([
    300,
    300,
    375,
    469,
    586,
    undefined,
  ])
})

test('who is asked again slows down further, to one message a minute at most', () => {
  const first = lower(undefined, 0, 2_000, 100, 0)
  expect(first).toMatchObject({ everyMs: 4_000, fromEveryMs: 2_000 })
  expect(lower(first, 0, 2_000, 100, 20_000), 'it was asked before').toBe(first)
  expect(lower(first, 5_000, 2_000, 100, 5_000), 'it is asked of what was sent before').toBe(first)
  const second = lower(first, 20_000, 2_000, 100, 20_000)
  expect(second).toEqual({ everyMs: 8_000, fromEveryMs: 2_000, since: 0, at: 20_000 })
  let last = second
  for (let at = 40_000; at < 400_000; at += 20_000) last = lower(last, at, 2_000, 100, at)
  expect(last.everyMs).toBe(60_000)
})

test('a manager that nobody has measured begins with one message in two seconds', () => {
  expect(lower(undefined, 0, undefined, undefined, 0)).toMatchObject({ everyMs: 2_000 })
})
