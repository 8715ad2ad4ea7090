import { expect, test } from 'vitest'

import { createProgress } from '../../src/cli/bulk/progress.ts'
import { createTerminal } from '../../src/cli/terminal.ts'

/** Progress on a stream that remembers, with a clock that the test moves. */
function recorded({ isTTY = false, json = false, columns = 80 }) {
  const clock = { ms: 0 }
  const written: string[] = []
  const err = { isTTY, columns, write: (text: string) => written.push(text) }
  const terminal = createTerminal({ out: err, err, json, lists: 'json', color: false })
  const progress = createProgress({ err, terminal, now: () => clock.ms })
  const at = (ms: number, done: number, isWaiting = false): void => {
    clock.ms = ms
    progress.tell({ done, total: 1_000, isWaiting })
  }
  return { written, progress, at }
}

test('a terminal has a bar with speed and remaining time, drawn anew in its place', () => {
  const { written, progress, at } = recorded({ isTTY: true })
  at(0, 0)
  at(50, 10)
  at(1_000, 250)
  progress.end()
  expect(written).toEqual([
    `\r[${'-'.repeat(40)}]   0 %  0 of 1,000  0/s  \u001b[K`,
    `\r[${'#'.repeat(10)}${'-'.repeat(30)}]  25 %  250 of 1,000  250/s  3s left\u001b[K`,
    '\n',
  ])
})

test('the bar never wraps, however narrow the terminal is', () => {
  for (const columns of [1, 10, 40, 50, 60, 200]) {
    const { written, at } = recorded({ isTTY: true, columns })
    at(0, 0)
    at(1_000, 500, true)
    for (const text of written) {
      expect(text.slice(1, -3).length).toBeLessThan(Math.max(columns, 2))
    }
  }
})

test('elsewhere there is a line every five seconds, and the last one', () => {
  const { written, progress, at } = recorded({})
  for (let second = 0; second <= 12; second += 1) at(second * 1_000, second * 50)
  at(12_100, 1_000)
  progress.end()
  expect(written.map((text) => text.slice(0, 22))).toEqual([
    '  0 %  0 of 1,000  0/s',
    ' 25 %  250 of 1,000  5',
    ' 50 %  500 of 1,000  5',
    '100 %  1,000 of 1,000 ',
  ])
})

test('programs get objects, and soon hear that the queue is full', () => {
  const { written, at } = recorded({ json: true, isTTY: true })
  at(0, 100)
  at(500, 100, true)
  at(1_000, 100, true)
  expect(written.map((text) => JSON.parse(text))).toEqual([
    { event: 'progress', done: 100, total: 1_000, isWaiting: false, perSecond: 0 },
    { event: 'progress', done: 100, total: 1_000, isWaiting: true, perSecond: 0 },
  ])
})
