import { expect, test } from 'vitest'

import { tally } from './count.ts'

const subjects = ['load 1', 'load 2', 'load 2', 'load 4', 'load 6', 'other 3']
const states = { delivered: [1, 2, 3], uncertain: [4, 5], refused: [6] }

test('every message of a load is counted once, and none is taken for another', () => {
  expect(tally('load', 7, { states, subjects })).toEqual({
    once: 1,
    uncertain: [4, 5],
    uncertainCaught: 1,
    twice: [2],
    missing: [3, 6, 7],
  })
})

test('an uncertain message that was caught twice counts as sent twice', () => {
  const ends = { states: { uncertain: [1] }, subjects: ['load 1', 'load 1'] }
  expect(tally('load', 1, ends)).toMatchObject({ uncertain: [], twice: [1], missing: [] })
})
