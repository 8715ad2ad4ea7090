import { expect, test } from 'vitest'

import { createTerminal } from '../../src/cli/terminal.ts'
import type { Terminal } from '../../src/cli/terminal.ts'

function record(options: { json?: boolean; color?: boolean }, use: (terminal: Terminal) => void) {
  const written = { out: '', err: '' }
  use(
    createTerminal({
      json: options.json ?? false,
      color: options.color ?? false,
      out: { write: (text) => (written.out += text) },
      err: { write: (text) => (written.err += text) },
    }),
  )
  return written
}

const rows = [
  { connection: 'relay', waiting: 3, note: 'fine' },
  { connection: '邮件', waiting: 12_000, note: undefined },
]

test('people get a table with numbers to the right, wide characters counted twice', () => {
  expect(record({}, (terminal) => terminal.table(rows)).out).toBe(
    ['connection  waiting  note', 'relay             3  fine', '邮件          12000', ''].join(
      '\n',
    ),
  )
})

test('programs get one JSON object per row', () => {
  const { out } = record({ json: true }, (terminal) => terminal.table(rows))
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { connection: 'relay', waiting: 3, note: 'fine' },
    { connection: '邮件', waiting: 12_000 },
  ])
})

test('a table without rows is nothing', () => {
  expect(record({}, (terminal) => terminal.table([])).out).toBe('')
})

test('a name cannot draw on the terminal', () => {
  const { out } = record({}, (terminal) => terminal.table([{ name: 'a\u001b[31m\nb\u202e' }]))
  expect(out).toBe('name\na b\n')
})

test('what is said is for people, what is told is for both, warnings stay out of the result', () => {
  expect(record({}, sayAll)).toEqual({ out: 'hello\nsent m-1\n', err: 'careful\n' })
  expect(record({ json: true }, sayAll)).toEqual({
    out: '{"id":"m-1"}\n',
    err: '{"event":"warning"}\n',
  })
})

test.for([
  [true, '\u001b[31mred\u001b[39m'],
  [false, 'red'],
] as const)('with colours %s a style gives %j', ([color, text]) => {
  let styled = ''
  record({ color }, (terminal) => (styled = terminal.style('red', 'red')))
  expect(styled).toBe(text)
})

function sayAll(terminal: Terminal): void {
  terminal.say('hello')
  terminal.tell({ id: 'm-1' }, 'sent m-1')
  terminal.warn({ event: 'warning' }, 'careful')
}
