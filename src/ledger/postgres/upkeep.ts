import type { SharedPool } from '../../store/shared-pool.ts'
import type { OpenPage, OpenQuery, OpenRecord } from '../upkeep.ts'

/** Rows of the ledger that one page looks at; those at their end are among them. */
const ROWS_PER_PAGE = 500

/**
 * The table is walked in the order of its key: an index of open messages would cost every message
 * two writes more, and its row its place in the page.
 */
const PAGE = `
with page as (
  select id, connection, state, updated_at from ledger where id > $1 order by id limit $2
)
select id, connection, state,
  state in ('queued', 'active', 'deferred')
    and updated_at <= clock_timestamp() - $3 * interval '1 millisecond' as is_open
from page order by id`

interface Row {
  readonly id: string
  readonly connection: string
  readonly state: OpenRecord['state']
  readonly is_open: boolean
}

/** Reads one page of the messages that are not at their end. */
export async function pageOpen(
  pool: SharedPool,
  { untouchedForMs, cursor = '' }: OpenQuery,
): Promise<OpenPage> {
  const { rows } = await pool.query<Row>(PAGE, [cursor, ROWS_PER_PAGE, untouchedForMs])
  const records = rows.filter((row) => row.is_open)
  return {
    records: records.map(({ id, connection, state }) => ({ id, connection, state })),
    cursor: rows.length < ROWS_PER_PAGE ? undefined : rows.at(-1)?.id,
  }
}

/** What was asked for under an id, as `record` was told. */
export async function digestOf(pool: SharedPool, id: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ digest: string | null }>(
    'select digest from ledger where id = $1',
    [id],
  )
  return rows[0]?.digest ?? undefined
}

/** Removes a message that has been held, unchanged, for `forMs`. */
export async function removeHeld(pool: SharedPool, id: string, forMs: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `with gone as (
       delete from ledger where id = $1 and held is not null
         and updated_at <= clock_timestamp() - $2 * interval '1 millisecond'
       returning id
     ), history as (
       delete from ledger_history using gone where ledger_history.id = gone.id
     )
     select from gone`,
    [id, forMs],
  )
  return (rowCount ?? 0) > 0
}
