import { stripVTControlCharacters, styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Where a command's lines go. */
export interface TerminalStreams {
  readonly out: { write(text: string): unknown }
  readonly err: { write(text: string): unknown }
}

export interface TerminalOptions extends TerminalStreams {
  /** One JSON object a line instead of text and tables. */
  readonly json: boolean
  readonly color: boolean
}

/** One row of a table; its keys are the columns, in order, and the fields of its JSON line. */
export type Row = Readonly<Record<string, string | number | undefined>>

/** What commands print with: people get text and tables, programs one JSON object a line. */
export interface Terminal {
  readonly json: boolean
  /** For people only; nothing with `--json`. */
  say(text?: string): void
  /** The same fact for both: `text` for people, `fact` for programs. */
  tell(fact: Readonly<Record<string, unknown>>, text: string): void
  /** A table for people, one line per row for programs. */
  table(rows: readonly Row[]): void
  /** A line on standard error, which is no part of the result. */
  warn(fact: Readonly<Record<string, unknown>>, text: string): void
  style(style: Style, text: string): string
}

/** Creates a terminal on two streams, which stay the caller's. */
export function createTerminal({ out, err, json, color }: TerminalOptions): Terminal {
  const style = (name: Style, text: string): string =>
    color ? styleText(name, text, { validateStream: false }) : text
  return {
    json,
    style,
    say: (text = '') => {
      if (!json) out.write(`${text}\n`)
    },
    tell: (fact, text) => out.write(json ? toJson(fact) : `${text}\n`),
    warn: (fact, text) => err.write(json ? toJson(fact) : `${text}\n`),
    table: (rows) => {
      if (json) for (const row of rows) out.write(toJson(row))
      else for (const line of layOut(rows, style)) out.write(`${line}\n`)
    },
  }
}

function toJson(fact: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(fact)}\n`
}

function layOut(rows: readonly Row[], style: Terminal['style']): readonly string[] {
  const columns = Object.keys(rows[0] ?? {})
  const cells = rows.map((row) => columns.map((column) => oneLine(row[column])))
  const isNumeric = columns.map((column) => rows.every((row) => typeof row[column] === 'number'))
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column), ...cells.map((row) => widthOf(row[index] ?? ''))),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const gap = ' '.repeat((widths[index] ?? 0) - widthOf(cell))
        return isNumeric[index] ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd()
  return columns.length === 0 ? [] : [style('bold', line(columns)), ...cells.map(line)]
}

// Names come from configuration: a line break or an escape sequence in one must not draw.
function oneLine(value: string | number | undefined): string {
  return stripVTControlCharacters(String(value ?? '')).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u

function widthOf(text: string): number {
  return [...new Intl.Segmenter().segment(text)].reduce(
    (width, { segment }) => width + (WIDE.test(segment) ? 2 : 1),
    0,
  )
}
