import { stripVTControlCharacters } from 'node:util'

/** One row of a table; its keys are the columns, in order, and the fields of its JSON line. */
export type Row = Readonly<Record<string, string | number | boolean | undefined>>

/** The lines of a table: a heading, then a line per row; numbers to the right. None without rows. */
export function layOut(rows: readonly Row[], heading: (line: string) => string): readonly string[] {
  const columns = Object.keys(rows[0] ?? {})
  const cells = rows.map((row) => columns.map((column) => printable(row[column])))
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
  return columns.length === 0 ? [] : [heading(line(columns)), ...cells.map(line)]
}

/**
 * A value as one line that cannot draw.
 *
 * Names and answers of servers come from outside: a line break or an escape sequence in one must
 * not move the cursor or change a colour.
 */
export function printable(value: string | number | boolean | undefined): string {
  return stripVTControlCharacters(String(value ?? '')).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{17000}-\u{18cff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u

const NO_WIDTH = /^\p{M}+$/u

/** How many columns of a terminal `text` takes: two for wide characters, none for lone marks. */
function widthOf(text: string): number {
  return [...new Intl.Segmenter().segment(text)].reduce((width, { segment }) => {
    if (WIDE.test(segment)) return width + 2
    return width + (NO_WIDTH.test(segment) ? 0 : 1)
  }, 0)
}
