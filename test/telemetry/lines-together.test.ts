import { setImmediate as nextTurn } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { linesTogether } from '../../src/telemetry/lines-together.ts'

function recorder(): { readonly writes: string[]; write(text: string): void } {
  const writes: string[] = []
  return { writes, write: (text) => void writes.push(text) }
}

test('lines of one turn of the event loop leave in one write, in their order', async () => {
  const out = recorder()
  const lines = linesTogether(out)
  for (const line of ['one\n', 'two\n', 'three\n']) lines.write(line)
  expect(out.writes).toEqual([])
  await nextTurn()
  expect(out.writes).toEqual(['one\ntwo\nthree\n'])
  lines.write('four\n')
  await nextTurn()
  expect(out.writes).toEqual(['one\ntwo\nthree\n', 'four\n'])
})

test('what waits leaves at once when somebody says so, and only once', async () => {
  const out = recorder()
  const lines = linesTogether(out)
  lines.write('one\n')
  lines.flush()
  expect(out.writes).toEqual(['one\n'])
  lines.write('two\n')
  await nextTurn()
  await nextTurn()
  expect(out.writes).toEqual(['one\n', 'two\n'])
})
