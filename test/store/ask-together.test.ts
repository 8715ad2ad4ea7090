import { expect, test } from 'vitest'

import { StoreUnreachableError } from '../../src/store/errors.ts'
import { askTogether, type Ways } from '../../src/store/ask-together.ts'

/** No transaction surrounds anything here. */
const POOL = { isInTransaction: () => false, outside: <T>(work: () => T): T => work() }

/** Questions whose answer is the question, and how they were asked for. */
function asking(many: Ways<number, object>['many']): {
  readonly ask: (call: number) => Promise<object>
  readonly alone: number[]
} {
  const alone: number[] = []
  const one = async (call: number): Promise<object> => {
    alone.push(call)
    return Promise.resolve({ call })
  }
  return { ask: askTogether(POOL, { one, many, most: 3, patienceMs: 1 }), alone }
}

test('what is asked in one turn is asked together, and so much at a time', async () => {
  const asked: (readonly number[])[] = []
  const { ask, alone } = asking((calls) => {
    asked.push(calls)
    return Promise.resolve(calls.map((call) => ({ call })))
  })
  const answers = await Promise.all([1, 2, 3, 4].map(ask))
  expect(answers).toEqual([1, 2, 3, 4].map((call) => ({ call })))
  expect(asked).toEqual([[1, 2, 3], [4]])
  expect(alone).toEqual([])
})

test('a statement that is never answered keeps nobody else waiting', async () => {
  const first = Promise.withResolvers<readonly object[]>()
  const { ask } = asking((calls) =>
    calls.includes(1) ? first.promise : Promise.resolve(calls.map((call) => ({ call }))),
  )
  const hanging = Promise.all([1, 2, 3].map(ask))
  expect(await ask(4)).toEqual({ call: 4 })
  first.resolve([{ call: 1 }, { call: 2 }, { call: 3 }])
  expect(await hanging).toHaveLength(3)
})

test('a statement that fails is asked for each, unless the store is away', async () => {
  const reasons: Error[] = [new Error('one of them'), new StoreUnreachableError('somewhere')]
  const { ask, alone } = asking(() => Promise.reject(reasons.shift() ?? new Error('too often')))
  expect(await Promise.all([1, 2].map(ask))).toEqual([{ call: 1 }, { call: 2 }])
  const away = await Promise.allSettled([3, 4].map(ask))
  expect(away.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(alone).toEqual([1, 2])
})

test('what has no answer is asked for alone, and false is an answer', async () => {
  const alone: number[] = []
  const ask = askTogether<number, boolean>(POOL, {
    one: (call) => {
      alone.push(call)
      return Promise.resolve(true)
    },
    many: () => Promise.resolve([false, undefined]),
  })
  expect(await Promise.all([1, 2].map(ask))).toEqual([false, true])
  expect(alone).toEqual([2])
})
