import { expect, test } from 'vitest'

import { createSeatsByManager } from '../../src/connections/seats.ts'
import { openBudgetRecords } from '../../src/fleet/budget-records.ts'
import { decodeBook, encodeBook, takeTurn, type LeaseBook } from '../../src/fleet/lease-book.ts'
import type { Lease } from '../../src/fleet/lease.ts'
import { openLeases, type LeasesOptions } from '../../src/fleet/leases.ts'
import { fairShares } from '../../src/fleet/shares.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeAllServers, type TestStore } from '../support/stores.ts'

/** A lease with the sessions that are open because of it. */
interface Holder extends Lease {
  /** Opens a session and keeps it; false when there is no seat. */
  take(): boolean
  /** Closes the session that was opened last. */
  give(): void
  /** Whether a session is open that must be given back. */
  readonly isOver: boolean
  readonly open: number
}

interface TestWorker extends AsyncDisposable {
  hold(max: number, manager?: string, onLost?: () => void): Holder
}

interface Fleet extends AsyncDisposable {
  readonly store: Store
  /** The leases of one more worker. */
  worker(id: string, options?: Partial<Omit<LeasesOptions, 'open'>>): Promise<TestWorker>
}

/** Workers that share one client of the store: what they know of each other goes through it. */
async function openFleet({ queue, prefix, schema }: TestStore): Promise<Fleet> {
  await using opened = new AsyncDisposableStack()
  const store = opened.use(
    await openStore(queue, { patience: 'wait', prefix, schema, allowUnsafeStore: true }),
  )
  const held = opened.move()
  return {
    store,
    worker: async (worker, options) =>
      held.use(await openWorker(store, { worker, onFault: unexpected, ...options })),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

async function openWorker(store: Store, options: Omit<LeasesOptions, 'open'>): Promise<TestWorker> {
  const seats = createSeatsByManager(
    (manager) => leases.allowed(manager),
    (manager) => leases.freed(manager),
  )
  const leases = await openLeases(store, {
    ...options,
    open: {
      count: (name) => seats({ name }).taken,
      onAllowed: (name) => seats({ name }).look(),
    },
  })
  return {
    hold: (max, manager = 'relay', onLost = () => {}) => {
      const lease = leases.lease(manager, max, { onChange: () => {}, onLost })
      const mine = seats({ name: manager }).join(() => {})
      let open = 0
      return Object.create(lease, {
        take: { value: () => mine.take() && ++open > 0 },
        give: { value: () => (mine.giveBack(), (open -= 1)) },
        isOver: { get: () => mine.isOver },
        open: { get: () => open },
      })
    },
    [Symbol.asyncDispose]: () => leases[Symbol.asyncDispose](),
  }
}

function unexpected(error: unknown): never {
  throw error
}

function sessionsOf(holders: readonly Holder[]): number {
  return holders.reduce((sum, { sessions }) => sum + sessions, 0)
}

/** Opens sessions, and has a delivery on each, until there is no seat for another. */
function useAll(holder: Holder): number {
  while (holder.take());
  holder.load(holder.open)
  return holder.open
}

describeAllServers('leases', (place) => {
  test('who is alone gets all sessions at once, and each manager has its own', async () => {
    await using fleet = await openFleet(place())
    const leases = await fleet.worker('one')
    const relay = leases.hold(5)
    const bulk = leases.hold(3, 'bulk "关"')
    expect([relay.sessions, relay.take()]).toEqual([0, false])
    await expect.poll(() => [relay.sessions, bulk.sessions]).toEqual([5, 3])
    expect(useAll(relay)).toBe(5)
    relay.give()
    expect([relay.take(), relay.take()]).toEqual([true, false])
  })

  test('who comes later gets his part of what is not used, and of what is used when it is free', async () => {
    await using fleet = await openFleet(place())
    const first = (await fleet.worker('one')).hold(6)
    await expect.poll(() => first.sessions).toBe(6)
    expect(useAll(first)).toBe(6)
    const second = (await fleet.worker('two')).hold(6)
    second.load(1)
    await expect.poll(() => first.isOver).toBe(true)
    expect(second.sessions, 'nobody gives back what he is using').toBe(0)
    while (first.isOver) first.give()
    await expect.poll(() => second.sessions).toBeGreaterThan(0)
    expect(sessionsOf([first, second])).toBe(6)
  })

  test('eight who have much to do share evenly, never have more together than the maximum, and reach it', async () => {
    await using fleet = await openFleet(place())
    const all: Holder[] = []
    for (let at = 0; at < 8; at += 1) all.push((await fleet.worker(`worker ${at}`)).hold(20))
    let most = 0
    const work = (): readonly number[] => {
      for (const holder of all) {
        while (holder.isOver) holder.give()
        useAll(holder)
        most = Math.max(
          most,
          all.reduce((sum, { open }) => sum + open, 0),
        )
      }
      return all.map(({ open }) => open).toSorted((a, b) => a - b)
    }
    await expect.poll(work, { interval: 10 }).toEqual([2, 2, 2, 2, 3, 3, 3, 3])
    expect(most).toBe(20)
  })

  test('who has nothing to do leaves to others what they need, and keeps one', async () => {
    await using fleet = await openFleet(place())
    const idle = (await fleet.worker('idle', { forMs: 1_500 })).hold(10)
    await expect.poll(() => idle.sessions).toBe(10)
    const busy = (await fleet.worker('busy', { forMs: 1_500 })).hold(10)
    await expect
      .poll(() => [idle.sessions, useAll(busy)] as const, { interval: 10 })
      .toEqual([1, 9])
  })

  test('the lowest maximum counts while the worker lives that has it', async () => {
    await using fleet = await openFleet(place())
    const first = (await fleet.worker('one')).hold(10)
    await expect.poll(() => first.sessions).toBe(10)
    const careful = await fleet.worker('two')
    const second = careful.hold(4)
    await expect.poll(() => sessionsOf([first, second])).toBe(4)
    await careful[Symbol.asyncDispose]()
    await expect.poll(() => first.sessions).toBe(10)
  })

  test('who wants none, keeps less or leaves gives back at once', async () => {
    await using fleet = await openFleet(place())
    const first = (await fleet.worker('one')).hold(5)
    const second = (await fleet.worker('two')).hold(5)
    await expect.poll(() => sessionsOf([first, second])).toBe(5)
    first.hold(true)
    await expect.poll(() => [first.sessions, second.sessions]).toEqual([0, 5])
    first.hold(false)
    second.keep(2)
    await expect.poll(() => [first.sessions, second.sessions]).toEqual([3, 2])
    second.release()
    await expect.poll(() => first.sessions).toBe(5)
    first.resize(8)
    await expect.poll(() => first.sessions).toBe(8)
  })

  test('two users in one process share what it leases', async () => {
    await using fleet = await openFleet(place())
    const leases = await fleet.worker('one')
    const first = leases.hold(4)
    const second = leases.hold(4)
    await expect.poll(() => [first.sessions, second.sessions]).toEqual([2, 2])
    second.hold(true)
    await expect.poll(() => first.sessions).toBe(4)
  })

  test('what a worker held that says nothing more is free again, and not before', async () => {
    await using fleet = await openFleet(place())
    const records = openBudgetRecords(fleet.store, 'leases')
    const { nowMs } = await records.read(['relay'])
    const dead = { sessions: 5, wanted: 5, most: 5, max: 5, until: nowMs + 600 }
    await records.replace([{ manager: 'relay', version: 1, text: encodeBook({ dead }) }])
    const late = (await fleet.worker('late', { forMs: 1_500 })).hold(5)
    await expect.poll(() => late.sessions, { interval: 5 }).toBe(5)
    expect(await fleet.store.nowMs()).toBeGreaterThan(dead.until)
  })

  test('who cannot reach the store uses nothing more before others may have it', async () => {
    await using fleet = await openFleet(place())
    let isAway = false
    /** By the clock of this machine, on which the store is too. */
    const lostAt: number[] = []
    const store = failing(fleet.store, () => isAway)
    const options = { worker: 'cut off', forMs: 3_000, onFault: () => {} }
    await using leases = await openWorker(store, options)
    const lease = leases.hold(5, 'relay', () => lostAt.push(Date.now()))
    await expect.poll(() => lease.sessions).toBe(5)
    expect(useAll(lease)).toBe(5)
    isAway = true
    await expect.poll(() => lostAt.length).toBeGreaterThan(0)
    const book = decodeBook(
      (await openBudgetRecords(fleet.store, 'leases').all()).get('relay')?.text,
    )
    expect(book['cut off']?.until).toBeGreaterThan(lostAt[0] ?? 0)
    expect([lease.sessions, lease.isOver, lease.take()]).toEqual([0, true, false])
    isAway = false
    await expect.poll(() => lease.sessions).toBe(5)
  })

  test('what stands in the store and nobody can read is begun anew', async () => {
    await using fleet = await openFleet(place())
    const records = openBudgetRecords(fleet.store, 'leases')
    await records.replace([{ manager: 'relay', version: 1, text: '{"dead":{"sessions":"5"}}' }])
    const lease = (await fleet.worker('one')).hold(5)
    await expect.poll(() => lease.sessions).toBe(5)
  })

  test('of many who change one record at once nobody undoes what another did', async () => {
    await using fleet = await openFleet(place())
    const records = openBudgetRecords(fleet.store, 'rates')
    const change = async (text: string): Promise<boolean> =>
      (await records.replace([{ manager: 'relay', version: 1, text }])).has('relay')
    const done = await Promise.all(Array.from({ length: 10 }, (_, at) => change(`by ${at}`)))
    expect(done.filter(Boolean)).toHaveLength(1)
    expect((await records.all()).get('relay')).toEqual({
      version: 1,
      text: `by ${done.indexOf(true)}`,
    })
  })
})

const fail = (): Promise<never> => Promise.reject(new Error('away'))

/** The same store, which does not answer while it is away. */
function failing(store: Store, isAway: () => boolean): Store {
  if (store.kind === 'redis') {
    const client = new Proxy(store.client, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return isAway() ? fail : value.bind(target)
      },
    })
    return { ...store, client }
  }
  const { pool } = store
  const promptly: typeof pool.promptly = (...values) =>
    isAway() ? fail() : pool.promptly(...values)
  return { ...store, pool: { ...pool, promptly } }
}

const LEASE = { sessions: 0, wanted: 10, most: 10, max: 10, until: 100 }

test('a lease that is over by the clock of the store counts for nobody', () => {
  const book: LeaseBook = { dead: { ...LEASE, sessions: 10 } }
  const ask = { using: 0, wanted: 10, most: 10, max: 10 }
  expect(takeTurn(book, 'me', ask, 99, 200).share).toMatchObject({ sessions: 0, target: 5 })
  const after = takeTurn(book, 'me', ask, 100, 200)
  expect(after.share).toMatchObject({ sessions: 10, target: 10, isShort: false })
  expect(Object.keys(after.book)).toEqual(['me'])
})

test('who woke up with sessions that others have by now says so, and gets no more', () => {
  const book: LeaseBook = { other: { ...LEASE, sessions: 8 } }
  const { share } = takeTurn(book, 'me', { using: 5, wanted: 10, most: 10, max: 10 }, 0, 100)
  expect(share).toMatchObject({ sessions: 5, target: 5, held: 13, othersAreShort: false })
  const next = takeTurn(book, 'me', { using: 2, wanted: 10, most: 10, max: 10 }, 0, 100)
  expect(next.share).toMatchObject({ sessions: 2, target: 5, isShort: true })
})

test.for<[whole: number, wishes: [needs: number, likes: number][], shares: number[]]>([
  [5, [], []],
  [5, [[9, 9]], [5]],
  [0, [[1, 5]], [0]],
  [5, [[1, 5]], [5]],
  [20, Array.from({ length: 8 }, () => [20, 20]), [3, 3, 3, 3, 2, 2, 2, 2]],
  [
    3,
    [
      [1, 1],
      [5, 5],
      [5, 5],
      [5, 5],
    ],
    [1, 1, 1, 0],
  ],
  [
    10,
    [
      [1, 10],
      [10, 10],
      [0, 0],
    ],
    [1, 9, 0],
  ],
  [
    10,
    [
      [1, 10],
      [3, 3],
      [1, 10],
    ],
    [4, 3, 3],
  ],
])('%i shared out among %j is %j', ([whole, wishes, shares]) => {
  expect(
    fairShares(
      whole,
      wishes.map(([needs, likes]) => ({ needs, likes })),
    ),
  ).toEqual(shares)
})
