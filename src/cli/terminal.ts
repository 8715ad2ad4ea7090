import { styleText } from 'node:util'

import { layOut, type Row } from './table.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Where a command's lines go. */
export interface TerminalStreams {
  readonly out: { write(text: string): unknown }
  readonly err: { write(text: string): unknown }
}

/** How what a command lists is written: for people, or one JSON object a line. */
export type ListForm = 'tables' | 'json'

export interface TerminalOptions extends TerminalStreams {
  /** One JSON object a line instead of any text. */
  readonly json: boolean
  /** What `table` and `show` write; always `json` with `json`. */
  readonly lists: ListForm
  readonly color: boolean
}

/** What commands print with: people get text and tables, programs one JSON object a line. */
export interface Terminal {
  readonly json: boolean
  readonly lists: ListForm
  /** For people only, as part of the result; nothing with `--json`. */
  say(text?: string): void
  /** The same fact for both: `text` for people, `fact` for programs. */
  tell(fact: Readonly<Record<string, unknown>>, text: string): void
  /** Data: a table for people who look, one line per row for programs and in pipes. */
  table(rows: readonly Row[]): void
  /** Data about one thing: drawn for people who look, one line for programs and in pipes. */
  show(fact: Readonly<Record<string, unknown>>, draw: () => void): void
  /** For people only, on standard error: progress and what explains a result. */
  remark(text: string): void
  /** A line on standard error, which is no part of the result. */
  warn(fact: Readonly<Record<string, unknown>>, text: string): void
  style(style: Style, text: string): string
}

/** Creates a terminal on two streams, which stay the caller's. */
export function createTerminal({ out, err, json, lists, color }: TerminalOptions): Terminal {
  const listsJson = json || lists === 'json'
  const style = (name: Style, text: string): string =>
    color ? styleText(name, text, { validateStream: false }) : text
  return {
    json,
    lists: listsJson ? 'json' : 'tables',
    style,
    say: (text = '') => {
      if (!json) out.write(`${text}\n`)
    },
    tell: (fact, text) => out.write(json ? toJson(fact) : `${text}\n`),
    remark: (text) => {
      if (!json) err.write(`${text}\n`)
    },
    warn: (fact, text) => err.write(json ? toJson(fact) : `${text}\n`),
    table: (rows) => {
      if (listsJson) for (const row of rows) out.write(toJson(row))
      else for (const line of layOut(rows, (text) => style('bold', text))) out.write(`${line}\n`)
    },
    show: (fact, draw) => {
      if (listsJson) out.write(toJson(fact))
      else draw()
    },
  }
}

function toJson(fact: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(fact)}\n`
}
