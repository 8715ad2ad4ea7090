import { expect, test } from 'vitest'

import { createSlotLine, type Reserved, type SlotLine } from '../../src/fleet/slot-line.ts'

const NEVER = new AbortController().signal
const STORE_NOW = 1_000_000

/** One slot for each who asks, `inMs` away, from a store that said so `agoMs` ago. */
function given(recipients: readonly number[], inMs: number, agoMs: number): Reserved {
  return {
    at: recipients.map(() => STORE_NOW + inMs),
    nextAt: undefined,
    spareAt: [],
    lateMs: 0,
    nowMs: STORE_NOW,
    saidAt: performance.now() - agoMs,
  }
}

function lineThat(...answers: (readonly [inMs: number, agoMs: number])[]) {
  const leads: number[] = []
  const line: SlotLine = createSlotLine(
    (recipients, _spare, leadMs) => {
      leads.push(leadMs)
      const [inMs = 0, agoMs = 0] = answers[leads.length - 1] ?? []
      return Promise.resolve(given(recipients, inMs, agoMs))
    },
    () => false,
  )
  return { line, leads }
}

test('what a store gave long ago is not used: it is asked for what is to be had when it answers', async () => {
  const { line, leads } = lineThat([0, 1_100], [0, 0], [0, 0])
  expect(await line.wait(1, NEVER)).toEqual({ kind: 'go' })
  expect(leads).toEqual([0, expect.any(Number)])
  expect(leads[1]).toBeGreaterThanOrEqual(1_100)
  expect(await line.wait(1, NEVER)).toEqual({ kind: 'go' })
  expect(leads[2], 'it is quick again').toBe(0)
})

test('who stands behind many that have gone is served all the same', async () => {
  const first = Promise.withResolvers<Reserved>()
  let asked = 0
  const line = createSlotLine(
    (recipients) => {
      asked += 1
      return asked === 1 ? first.promise : Promise.resolve(given(recipients, 0, 0))
    },
    () => false,
  )
  const leaving = new AbortController()
  const served = line.wait(1, NEVER)
  const gone = Array.from({ length: 400 }, () => line.wait(1, leaving.signal))
  const behind = line.wait(1, NEVER)
  leaving.abort()
  first.resolve(given([1], 0, 0))
  expect(await served).toEqual({ kind: 'go' })
  expect(new Set((await Promise.all(gone)).map(({ kind }) => kind))).toEqual(new Set(['gone']))
  expect(await behind).toEqual({ kind: 'go' })
})

test('a store that stays slow gives what is to be had later', async () => {
  const { line, leads } = lineThat([0, 1_100], [1_100, 1_100])
  expect(await line.wait(1, NEVER)).toEqual({ kind: 'go' })
  expect(leads).toHaveLength(2)
})

test('who goes away while the store is asked does not wait for its answer', async () => {
  const answer = Promise.withResolvers<Reserved>()
  const asked: number[] = []
  const line = createSlotLine(
    (recipients) => {
      asked.push(...recipients)
      return answer.promise
    },
    () => true,
  )
  const leaving = new AbortController()
  const left = line.wait(1, leaving.signal)
  leaving.abort()
  expect(await left).toEqual({ kind: 'gone' })
  const next = line.wait(1, NEVER)
  answer.resolve(given([1], 100, 0))
  expect(await next, 'its slot is for the next').toEqual({ kind: 'go' })
  expect(asked).toEqual([1])
})
