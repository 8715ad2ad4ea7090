import { expect, test } from 'vitest'

import { createReach, type Reach, type Stumble } from '../../src/connections/reach.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const FAR = { ms: 50, idleMs: 45 }

/** What is known of a server that is far away, on a clock that stands. */
function farReach(): { readonly reach: Reach; readonly clock: { ms: number } } {
  const clock = { ms: 0 }
  const reach = createReach(() => clock.ms)
  for (let look = 0; look < 10; look += 1) reach.heardOfMail(FAR)
  return { reach, clock }
}

function follow(reach: Reach, times: number): void {
  for (let one = 0; one < times; one += 1) reach.followed(false)
}

test.for<[what: string, ms: number, idleMs: number, isFar: boolean]>([
  ['is near', 2, 1, false],
  ['is far', 50, 45, true],
  ['is near and heard late by a busy process', 40, 3, false],
])('a server that %s', ([, ms, idleMs, isFar]) => {
  const reach = createReach()
  for (let look = 0; look < 200; look += 1) reach.heardOfMail({ ms, idleMs })
  expect(reach.isWorthIt).toBe(isFar)
})

test('nothing follows before some answers show that a server is far', () => {
  const reach = createReach()
  for (let look = 0; look < 9; look += 1) reach.heardOfMail(FAR)
  expect(reach.admit({})).toBe(false)
  reach.heardOfMail(FAR)
  expect(reach.admit({})).toBe(true)
})

test('one session tries first, and the others when a message that followed was heard', () => {
  const { reach } = farReach()
  const [one, other] = [{}, {}]
  expect([reach.admit(one), reach.admit(other), reach.admit(one)]).toEqual([true, false, true])
  reach.leave(one)
  expect([reach.admit(other), reach.admit(one)]).toEqual([true, false])
  follow(reach, 1)
  expect([reach.admit(other), reach.admit(one)]).toEqual([true, true])
})

test.for<[how: Stumble, proven: number, restMs: number]>([
  ['ended', 0, MINUTE_MS],
  ['late', 20, MINUTE_MS],
  ['out-of-step', 20, 4 * HOUR_MS],
  ['lost', 0, 4 * HOUR_MS],
  ['lost', 20, 4 * HOUR_MS],
])('what is %j after %i that were heard is followed by a rest', ([how, proven, restMs]) => {
  const { reach, clock } = farReach()
  follow(reach, proven)
  reach.stumbled(how)
  // What ends with it is heard of after it, and shortens nothing.
  reach.stumbled('ended')
  clock.ms = restMs - 1
  expect(reach.isWorthIt).toBe(false)
  clock.ms += 1
  expect(reach.isWorthIt).toBe(true)
})

test('an end after many that were heard is an end like any other', () => {
  const { reach } = farReach()
  follow(reach, 20)
  reach.stumbled('ended')
  expect(reach.isWorthIt).toBe(true)
})

test('each rest is twice as long as the one before', () => {
  const { reach, clock } = farReach()
  for (const restMs of [1, 2, 4, 8].map((times) => times * MINUTE_MS)) {
    reach.stumbled('late')
    clock.ms += restMs - 1
    expect(reach.isWorthIt).toBe(false)
    clock.ms += 1
    expect(reach.isWorthIt).toBe(true)
  }
})

test('nothing follows while an answer is awaited behind which somebody has given up', () => {
  const { reach } = farReach()
  reach.doubted()
  reach.doubted()
  reach.cleared()
  expect(reach.admit({})).toBe(false)
  reach.cleared()
  expect(reach.admit({})).toBe(true)
})

test('nothing follows for a while when a fifth of those who followed were refused', () => {
  const { reach, clock } = farReach()
  for (const isRefused of [true, false, true, false, true, false]) reach.followed(isRefused)
  expect(reach.isWorthIt).toBe(true)
  reach.followed(true)
  expect(reach.isWorthIt).toBe(false)
  clock.ms = MINUTE_MS
  expect(reach.isWorthIt).toBe(true)
  for (let one = 0; one < 200; one += 1) reach.followed(one % 10 === 0)
  expect(reach.isWorthIt).toBe(true)
})

test('nothing follows where a message takes longer than a second', () => {
  const { reach } = farReach()
  for (let one = 0; one < 20; one += 1) reach.heardOfDot(FAR, 2_000)
  expect(reach.isWorthIt).toBe(false)
  for (let one = 0; one < 20; one += 1) reach.heardOfDot(FAR, 100)
  expect(reach.isWorthIt).toBe(true)
})
