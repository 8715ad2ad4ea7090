import { setTimeout as delay } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import type { RateLimit } from '../../src/fleet/rate-terms.ts'
import type { Pace } from '../../src/fleet/pace.ts'
import { openRates } from '../../src/fleet/rates.ts'
import { openStore } from '../../src/store/open.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { describeOwnRedis, uniquePrefix } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'

/** Ten at once, and one every 20 ms. */
const LIMIT: RateLimit = { of: 'messages', everyMs: 20, burst: 10, perMs: 60_000 }
const NEVER = new AbortController().signal
const PATIENT = { timeout: 60_000 }

interface Killable {
  readonly queue: string
  kill(): Promise<void>
  restart(): Promise<void>
}

interface Fleet extends AsyncDisposable {
  readonly paces: readonly Pace[]
}

/** Two workers, each with a connection of its own, that share one rate. */
async function openFleet(queue: string): Promise<Fleet> {
  await using opened = new AsyncDisposableStack()
  const place = {
    prefix: uniquePrefix(),
    schema: 'mailroom',
    allowUnsafeStore: true,
    migrate: true,
  }
  const paces: Pace[] = []
  for (let count = 0; count < 2; count += 1) {
    const store = opened.use(await openStore(queue, { ...place, patience: 'wait' }))
    const rates = opened.use(await openRates(store, { now: Date.now, onFault: () => {} }))
    const pace = rates.open('relay', () => {})
    pace.say([LIMIT])
    paces.push(pace)
  }
  const held = opened.move()
  return { paces, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

interface Sending {
  /** When each went, in order. */
  readonly at: readonly number[]
  stop(): Promise<void>
}

/** Sends as fast as it may; who is told that the store is away tries again, as a job would. */
function send(paces: readonly Pace[], startedAt: number): Sending {
  const at: number[] = []
  const stopping = new AbortController()
  const one = async (pace: Pace): Promise<void> => {
    while (!stopping.signal.aborted) {
      const slot = await pace.take(1, stopping.signal).catch(() => undefined)
      if (slot?.kind === 'go') at.push(performance.now() - startedAt)
      if (slot === undefined) await delay(10)
    }
  }
  const all = paces.flatMap((pace) => Array.from({ length: 5 }, () => one(pace)))
  return {
    at,
    stop: async () => {
      stopping.abort()
      await Promise.all(all)
    },
  }
}

/** The first one that went before its time, if there is one: of a burst, then every 20 ms. */
function early(at: readonly number[]): number | undefined {
  return at.find((moment, index) => moment < (index + 1 - LIMIT.burst) * LIMIT.everyMs)
}

/** Takes the store away under load and brings it back; answers whether the rate was kept. */
async function survives(store: Killable): Promise<boolean> {
  await using fleet = await openFleet(store.queue)
  const sending = send(fleet.paces, performance.now())
  await expect.poll(() => sending.at.length, PATIENT).toBeGreaterThan(30)
  await store.kill()
  const before = sending.at.length
  const [pace] = fleet.paces
  const leaving = new AbortController()
  const left = pace?.take(1, leaving.signal).catch(() => ({ kind: 'gone' }))
  leaving.abort()
  expect(await left, 'who goes away does not wait for the store').toEqual({ kind: 'gone' })
  await store.restart()
  await expect.poll(() => sending.at.length, PATIENT).toBeGreaterThan(before + 60)
  await sending.stop()
  expect(await pace?.take(1, NEVER), 'nothing is held for those who have gone').toEqual({
    kind: 'go',
  })
  return early(sending.at) === undefined
}

describeOwnRedis('a rate on a Redis', () => {
  test('that is killed and comes back is kept, and all of it is used again', async () => {
    await using server = await startRedis()
    expect(await survives(Object.assign(server, { queue: server.url }))).toBe(true)
  }, 150_000)

  test('that stands still for a while is kept, and nobody who goes away waits for it', async () => {
    await using server = await startRedis()
    const signal = (name: NodeJS.Signals): Promise<void> => {
      process.kill(server.pid, name)
      return Promise.resolve()
    }
    const store: Killable = {
      queue: server.url,
      kill: () => signal('SIGSTOP'),
      restart: () => signal('SIGCONT'),
    }
    expect(await survives(store)).toBe(true)
  }, 150_000)
})

describe('a rate on a Postgres', () => {
  test('that is killed and comes back is kept, and all of it is used again', async () => {
    await using server = await startPostgres()
    const queue = server.locate('mailroom_owner')
    expect(await survives(Object.assign(server, { queue }))).toBe(true)
  }, 150_000)
})
