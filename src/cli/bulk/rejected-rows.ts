import { openPrivateFile } from '../private-file.ts'
import type { CsvFile } from './csv.ts'
import { REMARK_COLUMNS, type Columns } from './recipients.ts'

/** A row to which nothing was sent, with the reason. */
export interface RejectedRow {
  readonly line: number
  readonly values: readonly string[]
  readonly problem: string
}

/** A CSV file of rejected rows, which can be mended and sent to; disposing gives it its name. */
export interface RejectedRows extends AsyncDisposable {
  add(row: RejectedRow): Promise<void>
}

/**
 * Begins a file of rejected rows, which only its owner may read.
 *
 * What is at its place stays until the end, however the mailing ends.
 */
export async function openRejectedRows(
  path: string,
  { separator }: CsvFile,
  { names }: Columns,
): Promise<RejectedRows> {
  await using opened = new AsyncDisposableStack()
  const file = opened.use(await openPrivateFile(path, 'rejected rows'))
  const isRemark = (_: string, at: number): boolean =>
    REMARK_COLUMNS.some((remark) => remark === names[at])
  const write = (fields: readonly string[]): Promise<void> =>
    file.write(`${fields.map((field) => quoted(field, separator)).join(separator)}\r\n`)
  await write([...REMARK_COLUMNS, ...names.filter((name, at) => !isRemark(name, at))])
  const held = opened.move()
  return {
    add: ({ line, values, problem }) =>
      write([String(line), problem, ...values.filter((value, at) => !isRemark(value, at))]),
    [Symbol.asyncDispose]: async () => {
      await using _ = held
      await file.keep()
    },
  }
}

function quoted(field: string, separator: string): string {
  const needsQuotes = field.includes(separator) || /["\r\n]/.test(field)
  return needsQuotes ? `"${field.replaceAll('"', '""')}"` : field
}
