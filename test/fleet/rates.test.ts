import { expect, test } from 'vitest'

import { openBudgetRecords } from '../../src/fleet/budget-records.ts'
import { readBudgets } from '../../src/fleet/budget-standing.ts'
import { lower, loweredEveryMs, perMinute } from '../../src/fleet/lowered-rate.ts'
import type { Pace } from '../../src/fleet/pace.ts'
import {
  decodeRates,
  freeLateMs,
  NOTHING_SENT,
  takeSlots,
  withTerms,
  type RateBook,
} from '../../src/fleet/rate-book.ts'
import type { RateLimit } from '../../src/fleet/rate-terms.ts'
import { openRates, type Rates } from '../../src/fleet/rates.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeAllServers, type TestStore } from '../support/stores.ts'

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

async function paceOf(fleet: Fleet, limits: readonly RateLimit[] = []): Promise<Pace> {
  const pace = (await fleet.worker()).open('relay', () => {})
  pace.say(limits)
  return pace
}

/** Messages a minute that the whole fleet may send. */
async function rateOf({ store }: Fleet): Promise<number | undefined> {
  return (await readBudgets(store, await store.nowMs())).get('relay')?.perMinute
}

/** What a store does that comes back as it was before. */
async function forget(store: Store): Promise<void> {
  if (store.kind === 'redis') await store.client.del(`${store.prefix}-fleet:rates`)
  else await store.pool.query(`delete from fleet_budget where kind = 'rates'`)
}

describeAllServers('rates', (place) => {
  test('of what all workers take together none comes before its time', async () => {
    await using fleet = await openFleet(place())
    const limits = [messages(6_000, 5)]
    const paces = await Promise.all(Array.from({ length: 4 }, () => paceOf(fleet, limits)))
    const startedAt = await fleet.store.nowMs()
    const at: number[] = []
    await Promise.all(
      paces.flatMap((pace) =>
        Array.from({ length: 20 }, async () => {
          expect(await pace.take(1, NEVER)).toEqual({ kind: 'go' })
          at.push(Date.now())
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
    const pace = await paceOf(fleet, [messages(2)])
    expect(await pace.take(1, NEVER)).toEqual({ kind: 'go' })
    const later = await pace.take(1, NEVER)
    expect(later).toMatchObject({ kind: 'later' })
    expect(later.kind === 'later' && later.forMs).toBeGreaterThan(20_000)
    expect(await pace.take(1, NEVER)).toMatchObject({ kind: 'later' })
    const other = await paceOf(fleet)
    await expect.poll(() => other.waits).toHaveLength(1)
    const [wait] = other.waits
    expect((wait?.to ?? 0) - (wait?.from ?? 0)).toBeGreaterThan(20_000)
  })

  test('who goes away while waiting leaves the slot to the next', async () => {
    await using fleet = await openFleet(place())
    const pace = await paceOf(fleet, [messages(60)])
    await pace.take(1, NEVER)
    const records = openBudgetRecords(fleet.store, 'rates')
    const used = async (): Promise<number> => {
      const record = decodeRates((await records.all()).get('relay')?.text)
      return record.used['messages/60000']?.until ?? 0
    }
    const first = await used()
    const leaving = new AbortController()
    const left = pace.take(1, leaving.signal)
    await expect.poll(used).toBe(first + 1_000)
    leaving.abort()
    expect(await left).toEqual({ kind: 'gone' })
    expect(await pace.take(1, NEVER)).toEqual({ kind: 'go' })
    expect(await used()).toBe(first + 1_000)
  })

  test('much is taken with few questions to the store', async () => {
    await using fleet = await openFleet(place())
    const pace = await paceOf(fleet, [messages(600_000, 10_000)])
    for (let count = 0; count < 1_000; count += 5) {
      await Promise.all(Array.from({ length: 5 }, () => pace.take(1, NEVER)))
    }
    const record = (await openBudgetRecords(fleet.store, 'rates').all()).get('relay')
    expect(record?.version).toBeLessThan(150)
  })

  test('a rate that one worker has to lower is lowered for all, and once for what is said at once', async () => {
    await using fleet = await openFleet(place())
    const [first, second] = [await paceOf(fleet), await paceOf(fleet)]
    expect(second.isFree()).toBe(true)
    const askedAt = await fleet.store.nowMs()
    const said = await Promise.all([
      first.slowDown(askedAt, 100),
      first.slowDown(askedAt, 100),
      second.slowDown(askedAt, 100),
    ])
    expect(said.filter((lowered) => lowered !== undefined)).toHaveLength(1)
    await expect.poll(() => second.loweredEveryMs).toBe(200)
    expect(second.isFree()).toBe(false)
    await expect.poll(() => first.loweredEveryMs).toBe(200)
  })

  test('a rate that is changed counts as soon as it is said: a lower one at once, a higher one when all say so', async () => {
    await using fleet = await openFleet(place())
    const [first, second] = [await paceOf(fleet, [messages(60_000)]), await paceOf(fleet)]
    await expect.poll(() => second.isFree()).toBe(false)
    second.say([messages(60_000)])
    expect(await second.take(1, NEVER)).toEqual({ kind: 'go' })
    first.say([messages(1)])
    await expect.poll(() => rateOf(fleet)).toBe(1)
    expect(await second.take(1, NEVER)).toEqual({ kind: 'go' })
    expect(await second.take(1, NEVER)).toMatchObject({ kind: 'later' })
    second.say([messages(6_000)])
    first.say([messages(6_000)])
    await expect.poll(() => second.forMs(1)).toBeLessThan(5_000)
    expect(await second.take(1, NEVER)).toEqual({ kind: 'go' })
  })

  test('who leaves takes its limits along', async () => {
    await using fleet = await openFleet(place())
    const staying = await paceOf(fleet, [messages(6_000)])
    const leaving = await fleet.worker()
    leaving.open('relay', () => {}).say([messages(1)])
    await expect.poll(() => rateOf(fleet)).toBe(1)
    expect(await staying.take(1, NEVER)).toEqual({ kind: 'go' })
    await expect.poll(() => staying.forMs(1)).toBeGreaterThan(20_000)
    await leaving[Symbol.asyncDispose]()
    await expect.poll(() => staying.forMs(1)).toBeLessThan(5_000)
  })

  test('what was given stays given when the store forgets its last moments', async () => {
    await using fleet = await openFleet(place())
    const pace = await paceOf(fleet, [messages(2)])
    expect(await pace.take(1, NEVER)).toEqual({ kind: 'go' })
    await forget(fleet.store)
    expect(await pace.take(1, NEVER)).toMatchObject({ kind: 'later' })
    expect(await (await paceOf(fleet, [messages(2)])).take(1, NEVER)).toMatchObject({
      kind: 'later',
    })
  })

  test('what stands in the store and nobody can read is begun anew', async () => {
    await using fleet = await openFleet(place())
    const records = openBudgetRecords(fleet.store, 'rates')
    await records.replace([{ manager: 'relay', version: 1, text: '{"used":1}' }])
    expect(await (await paceOf(fleet, [messages(2)])).take(1, NEVER)).toEqual({ kind: 'go' })
  })
})

/** Says what `at` violates of a rate of one message every `everyMs`, and `burst` at once. */
function crowds(at: readonly number[], everyMs: number, burst: number): readonly string[] {
  const sorted = at.toSorted((a, b) => a - b)
  return sorted.flatMap((from, first) =>
    sorted.slice(first).flatMap((to, more) => {
      const most = burst + (to - from) / everyMs
      return more + 1 <= most + 1e-6 ? [] : [`${more + 1} in ${to - from} ms`]
    }),
  )
}

/** Takes for one message after the other at `now`, however far away; answers when each may go. */
function slotsAt(book: RateBook, limits: readonly RateLimit[], counts: readonly number[], now = 0) {
  const wish = { recipients: counts, now, mostWaitMs: Infinity }
  return takeSlots(withTerms(book, 'b', limits, now), wish).slots.at
}

function taken(book: RateBook, limits: readonly RateLimit[], counts: readonly number[], now = 0) {
  return takeSlots(withTerms(book, 'a', limits, now), { recipients: counts, now })
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
    const { book: after, slots } = taken(book, limits, [1, 1, 1].slice(seed % 3), now)
    book = after
    at.push(...slots.at)
  }
  expect(at.length).toBeGreaterThan(290)
  expect(crowds(at, 2_000, 4)).toEqual([])
})

test('what is taken in advance and used late makes no crowd with what follows', () => {
  const limits = [messages(3_000, 10)]
  const used: number[] = []
  let book = NOTHING_SENT
  let seed = 11
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  for (let now = 0; now < 20_000; now += random() * 200) {
    const said = withTerms(book, 'a', limits, now)
    const lateMs = freeLateMs(said, now, 250)
    expect(lateMs).toBe(9 * 20)
    const counts = Array.from({ length: Math.floor(random() * 20) }, () => 1)
    const { slots, book: after } = takeSlots(said, {
      recipients: counts,
      now,
      mostWaitMs: 100,
      lateMs,
    })
    book = after
    used.push(...slots.at.map((slot) => slot + random() * lateMs))
  }
  expect(used.length).toBeGreaterThan(600)
  expect(crowds(used, 20, 10)).toEqual([])
})

test('the lowest limits count of workers that disagree, also about the span', () => {
  const hourly: RateLimit = { of: 'messages', everyMs: 3_600_000, burst: 1, perMs: 3_600_000 }
  const { book } = taken(NOTHING_SENT, [hourly], [1])
  expect(slotsAt(book, [messages(60)], [1])).toEqual([3_600_000])
  expect(slotsAt(book, [], [1])).toEqual([3_600_000])
  const agreed = withTerms(book, 'a', [messages(60)], 1_000)
  expect(slotsAt(agreed, [messages(60)], [1, 1], 1_000)).toEqual([1_000, 2_000])
})

test('the strictest terms of all workers count while somebody says them', () => {
  const { book } = taken(NOTHING_SENT, [messages(30)], [1])
  expect(slotsAt(book, [messages(60)], [1, 1], 0)).toEqual([2_000, 4_000])
  expect(slotsAt(book, [messages(60)], [1, 1], 70_000)).toEqual([70_000, 71_000])
})

test('what was given under a slower rate weighs as much under the one that follows', () => {
  const { book } = taken(NOTHING_SENT, [messages(1, 4)], [1, 1, 1, 1])
  expect(slotsAt(book, [messages(60, 4)], [1, 1], 60_000)).toEqual([60_000, 61_000])
})

test('a message that is split counts as often as it is sent', () => {
  const limits = [{ ...messages(60, 3), recipientsEach: 100 }]
  expect(slotsAt(NOTHING_SENT, limits, [250, 100, 101, 1])).toEqual([0, 1_000, 3_000, 4_000])
})

test('waits that follow each other are one', () => {
  const limits = [messages(2)]
  let { book } = taken(NOTHING_SENT, limits, [1])
  book = taken(book, limits, [1], 1_000).book
  book = taken(book, limits, [1], 2_000).book
  expect(book.waits).toEqual([{ from: 1_000, to: 30_000 }])
  book = taken(book, limits, [1], 30_000).book
  book = taken(book, limits, [1], 40_000).book
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
