import { open } from 'node:fs/promises'
import path from 'node:path'

import { DirectoryUnusableError } from '../errors.ts'
import type { CsvFile } from './csv.ts'
import { REMARK_COLUMNS, type Columns } from './recipients.ts'

/** A row to which nothing was sent, with the reason. */
export interface RejectedRow {
  readonly line: number
  readonly values: readonly string[]
  readonly problem: string
}

/** A CSV file of rejected rows, which can be mended and sent to. */
export interface RejectedRows extends AsyncDisposable {
  add(row: RejectedRow): Promise<void>
}

/** Begins a file of rejected rows anew; only its owner may read it. */
export async function openRejectedRows(
  file: string,
  { separator }: CsvFile,
  { names }: Columns,
): Promise<RejectedRows> {
  const handle = await open(file, 'w', 0o600).catch((cause: unknown) => {
    throw new DirectoryUnusableError('rejected rows', path.dirname(file), { cause })
  })
  const isRemark = (_: string, at: number): boolean =>
    REMARK_COLUMNS.some((remark) => remark === names[at])
  const write = async (fields: readonly string[]): Promise<void> => {
    await handle.write(`${fields.map((field) => quoted(field, separator)).join(separator)}\r\n`)
  }
  await write([...REMARK_COLUMNS, ...names.filter((name, at) => !isRemark(name, at))])
  return {
    add: ({ line, values, problem }) =>
      write([String(line), problem, ...values.filter((value, at) => !isRemark(value, at))]),
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

function quoted(field: string, separator: string): string {
  const needsQuotes = field.includes(separator) || /["\r\n]/.test(field)
  return needsQuotes ? `"${field.replaceAll('"', '""')}"` : field
}
