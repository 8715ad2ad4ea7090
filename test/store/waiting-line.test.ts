import { expect, test } from 'vitest'

import { createWaitingLine } from '../../src/store/waiting-line.ts'

test('those for whom there is no place enter in their order', async () => {
  const line = createWaitingLine(2, 60_000)
  const entered: number[] = []
  const all = [1, 2, 3, 4].map(async (number) => {
    await line.enter()
    entered.push(number)
  })
  await Promise.all(all.slice(0, 2))
  expect(entered).toEqual([1, 2])
  line.leave()
  await all[2]
  expect(entered).toEqual([1, 2, 3])
  line.leave()
  await all[3]
})

test('who waits for too long is sent away, and its place is for the next', async () => {
  const line = createWaitingLine(1, 1)
  await line.enter()
  const late = await Promise.allSettled([line.enter(), line.enter()])
  expect(late.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  line.leave()
  await line.enter()
})
