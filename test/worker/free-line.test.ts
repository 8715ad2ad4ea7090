import { expect, test } from 'vitest'

import { createFreeLine } from '../../src/worker/free-line.ts'

const SOON_MS = 20
const { signal } = new AbortController()

test('two who come at once for one free session are not both let in', async () => {
  const line = createFreeLine(() => 1)
  const both = await Promise.all([line.wait(SOON_MS, signal), line.wait(SOON_MS, signal)])
  expect(both.map((one) => one !== undefined)).toEqual([true, false])
  expect(line.isBehind).toBe(true)
})

test('two sessions that become free one after the other let in two, and not three', async () => {
  let free = 0
  const line = createFreeLine(() => free)
  const all = Promise.all([1, 2, 3].map(() => line.wait(SOON_MS, signal)))
  for (free of [1, 2]) line.letIn()
  expect((await all).map((one) => one !== undefined)).toEqual([true, true, false])
})

test('a session that was kept for somebody goes to the next one who waits, once', async () => {
  const line = createFreeLine(() => 1)
  const place = await line.wait(SOON_MS, signal)
  const next = line.wait(10_000, signal)
  const last = line.wait(SOON_MS, signal)
  place?.[Symbol.dispose]()
  place?.[Symbol.dispose]()
  expect(await next).toBeDefined()
  expect(await last).toBeUndefined()
})

test('who gives up keeps no session from those who wait', async () => {
  let free = 0
  const line = createFreeLine(() => free)
  const leaving = new AbortController()
  const first = line.wait(10_000, leaving.signal)
  const second = line.wait(10_000, signal)
  leaving.abort()
  free = 1
  line.letIn()
  expect(await first).toBeUndefined()
  expect(await second).toBeDefined()
  expect(line.isBehind).toBe(false)
})

/** A place behind a message, which is there until it is taken. */
function placeBehind() {
  let isTaken = false
  return {
    take: () => !isTaken && (isTaken = true),
    giveBack: () => {
      isTaken = false
    },
  }
}

test('who comes finds a place behind a message only after those who wait', async () => {
  let free = -1
  const line = createFreeLine<ReturnType<typeof placeBehind>>(() => free)
  const first = line.wait(10_000, signal)
  // Where more are used than may be, nobody follows.
  line.offer(placeBehind())
  const spot = placeBehind()
  line.offer(spot)
  free = 0
  const newcomer = line.wait(10_000, signal)
  line.letIn()
  expect((await first)?.spot).toBeDefined()
  expect((await newcomer)?.spot).toBe(spot)
})

test('a place behind a message that is taken back is for nobody', async () => {
  const line = createFreeLine<ReturnType<typeof placeBehind>>(() => 0)
  const withdraw = line.offer(placeBehind())
  withdraw()
  expect(await line.wait(SOON_MS, signal)).toBeUndefined()
})
