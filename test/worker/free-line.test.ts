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
