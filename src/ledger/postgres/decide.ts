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
