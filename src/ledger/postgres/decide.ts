import type { QueryResultRow } from 'pg'

import type { SharedPool } from '../../store/shared-pool.ts'
import { RecordUnreadableError } from '../errors.ts'

/** The SQLSTATE with which our functions refuse a record that they cannot work on. */
export const UNREADABLE = 'MR001'

/** Asks about one message. Throws `RecordUnreadableError` when its row is none of ours. */
export async function decide<Row extends QueryResultRow>(
  pool: SharedPool,
  id: string,
  statement: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  try {
    const { rows } = await pool.query<Row>(statement, [...values])
    return rows
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === UNREADABLE)) throw error
    throw new RecordUnreadableError(id, 'a record of this version', { cause: error })
  }
}

/**
 * Asks about several messages in one statement, which gets an array for each of their values and
 * answers with the `place` of the message in them. One without a row has no answer.
 */
export async function askMany<Row extends QueryResultRow>(
  pool: SharedPool,
  statement: string,
  calls: readonly (readonly unknown[])[],
): Promise<readonly (Row | undefined)[]> {
  const [first = []] = calls
  const columns = first.map((_value, column) => calls.map((values) => values[column]))
  const { rows } = await pool.query<Row & { readonly place: number }>(statement, columns)
  const byPlace = new Map(rows.map((row) => [row.place, row]))
  return calls.map((_call, at) => byPlace.get(at + 1))
}
