import { expect, test } from 'vitest'

import { createPlaces } from '../../src/worker/places.ts'

const never = new AbortController().signal

test('no more are inside than there are places, and the others come in as they came', async () => {
  const places = createPlaces(() => 2)
  const inside: number[] = []
  const first = await places.enter(never)
  const second = await places.enter(never)
  const later = [3, 4].map(async (number) => {
    const place = await places.enter(never)
    inside.push(number)
    return place
  })
  await Promise.resolve()
  expect(inside).toEqual([])
  first?.[Symbol.dispose]()
  await later[0]
  expect(inside).toEqual([3])
  second?.[Symbol.dispose]()
  await later[1]
  expect(inside).toEqual([3, 4])
})

test('who gives up leaves the line and takes no place', async () => {
  const places = createPlaces(() => 1)
  const first = await places.enter(never)
  const patience = new AbortController()
  const impatient = places.enter(patience.signal)
  const patient = places.enter(never)
  patience.abort()
  expect(await impatient).toBeUndefined()
  first?.[Symbol.dispose]()
  expect(await patient).toBeDefined()
  expect(await places.enter(AbortSignal.abort())).toBeUndefined()
})

test('fewer places are kept to as soon as enough have left', async () => {
  let max = 2
  const places = createPlaces(() => max)
  const held = [await places.enter(never), await places.enter(never)]
  max = 1
  let isIn = false
  const next = places.enter(never).then(() => (isIn = true))
  held[0]?.[Symbol.dispose]()
  await Promise.resolve()
  expect(isIn).toBe(false)
  held[1]?.[Symbol.dispose]()
  await next
  expect(isIn).toBe(true)
})
