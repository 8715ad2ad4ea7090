import { expect, test } from 'vitest'

import { createTerminal } from '../../src/cli/terminal.ts'
import type { Terminal, TerminalOptions } from '../../src/cli/terminal.ts'

type Options = Partial<Pick<TerminalOptions, 'json' | 'lists' | 'color'>>

function record(options: Options, use: (terminal: Terminal) => void) {
  const written = { out: '', err: '' }
  use(
    createTerminal({
      json: false,
      lists: 'tables',
      color: false,
      ...options,
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

test.for<[text: string, columns: number]>([
  ['邮件', 4],
  ['한국', 4],
  ['ｆｕｌｌ', 8],
  ['𠮷野家', 6],
  ['✅ 🙂', 5],
  ['❤️', 2],
  ['👍🏽', 2],
  ['🇩🇪', 2],
  ['é\u0301e\u0301', 2],
  ['©®™', 3],
  ['naïve', 5],
])('%s takes %i columns', ([text, columns]) => {
  const { out } = record({}, (terminal) => terminal.table([{ a: text, b: '|' }]))
  expect(out.split('\n').slice(0, 2)).toEqual([`a${' '.repeat(columns - 1)}  b`, `${text}  |`])
})

test.for<Options>([{ json: true }, { lists: 'json' }, { json: true, lists: 'tables' }])(
  'one row is one JSON object with %j',
  (options) => {
    const { out } = record(options, (terminal) => terminal.table(rows))
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { connection: 'relay', waiting: 3, note: 'fine' },
      { connection: '邮件', waiting: 12_000 },
    ])
  },
)

test('what is shown is drawn for people and is one JSON object elsewhere', () => {
  expect(record({}, show).out).toBe('it is m-1\n')
  expect(record({ lists: 'json' }, show).out).toBe('{"id":"m-1"}\n')
  expect(record({ json: true }, show).out).toBe('{"id":"m-1"}\n')
})

test('a table without rows is nothing', () => {
  expect(record({}, (terminal) => terminal.table([])).out).toBe('')
})

test('a name cannot draw on the terminal', () => {
  const { out } = record({}, (terminal) => terminal.table([{ name: 'a\u001b[31m\nb\u202e' }]))
  expect(out).toBe('name\na b\n')
})

test('what is said is for people, what is told is for both, warnings stay out of the result', () => {
  const text = { out: 'hello\nsent m-1\n', err: 'nearly\ncareful\n' }
  expect(record({}, sayAll)).toEqual(text)
  expect(record({ lists: 'json' }, sayAll)).toEqual(text)
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

function show(terminal: Terminal): void {
  terminal.show({ id: 'm-1' }, () => terminal.say('it is m-1'))
}

function sayAll(terminal: Terminal): void {
  terminal.say('hello')
  terminal.tell({ id: 'm-1' }, 'sent m-1')
  terminal.remark('nearly')
  terminal.warn({ event: 'warning' }, 'careful')
}
