import type { SharedPool } from '../../store/shared-pool.ts'
import { RecordUnreadableError } from '../errors.ts'
import { heldSpansOf } from '../held-spans.ts'
import { decodeJudgement } from '../judgement.ts'
import type { HeldState, ListPage, ListQuery, MessageRecord } from '../ledger.ts'
import { cursorOf, parseCursor } from '../list-cursor.ts'
import { isStanding, stateOf } from '../standing.ts'
import { parseState } from '../state.ts'
import { wayOf } from '../uncertain.ts'
import { passOver, readable } from '../unreadable.ts'

const COLUMNS = `id, connection, state, message_id, accepted_at, updated_at, next_attempt_at,
  attempts, claims, recipients, standing, judgements, last, settle_at, settle_way, not_before,
  held_since::float8, held_spans`

interface Row {
  readonly id: string
  readonly connection: string
  readonly state: string
  readonly message_id: string | null
  readonly accepted_at: Date
  readonly updated_at: Date
  readonly next_attempt_at: Date | null
  readonly attempts: number
  readonly claims: number
  readonly recipients: readonly string[]
  readonly standing: string
  readonly judgements: readonly (string | null)[] | null
  readonly last: string | null
  readonly settle_at: Date | null
  readonly settle_way: string | null
  readonly not_before: Date | null
  readonly held_since: number | null
  readonly held_spans: string | null
}

/** Reads one message; undefined when it is not known. */
export async function get(pool: SharedPool, id: string): Promise<MessageRecord | undefined> {
  const { rows } = await pool.query<Row>(`select ${COLUMNS} from ledger where id = $1`, [id])
  const [row] = rows
  return row && readable(id, () => recordOf(row))
}

/** Reads a page of held messages, oldest first. */
export async function list(
  pool: SharedPool,
  { state, connection, limit = 100, cursor }: ListQuery,
): Promise<ListPage> {
  const size = Math.min(Math.max(limit, 1), 1000)
  const after = parseCursor(cursor)
  const { rows } = await pool.query<Row>(
    `select ${COLUMNS} from ledger
     where held = $1 and ($2::text is null or connection = $2)
       and (held_since, id) > ($3::bigint, $4)
     order by held_since, id limit $5`,
    [state, connection ?? null, after?.since ?? 0, after?.id ?? '', size + 1],
  )
  const page = rows.slice(0, size)
  const last = rows.length > size ? page.at(-1) : undefined
  const unreadable: string[] = []
  const records = page.map((row) =>
    readable(row.id, () => recordOf(row)).catch((error) => passOver(error, unreadable)),
  )
  return {
    records: (await Promise.all(records)).filter((record) => record !== undefined),
    cursor: last && cursorOf({ since: last.held_since ?? 0, id: last.id }),
    ...(unreadable.length > 0 && { unreadable }),
  }
}

/** Counts the held messages of a connection. */
export async function countHeld(
  pool: SharedPool,
  connection: string,
): Promise<Record<HeldState, number>> {
  const { rows } = await pool.query<{ held: HeldState; count: number }>(
    `select held, count(*)::int from ledger where connection = $1 and held is not null
     group by held`,
    [connection],
  )
  const counts = { uncertain: 0, refused: 0, expired: 0 }
  for (const { held, count } of rows) counts[held] = count
  return counts
}

/** What is not as this version writes it is left alone, and said. */
function recordOf(row: Row): MessageRecord {
  const { id, standing, recipients } = row
  if (standing.length !== recipients.length || !isStanding(standing)) {
    throw new RecordUnreadableError(id, 'a standing of its recipients')
  }
  return {
    id,
    connection: row.connection,
    state: parseState(row.state, id),
    messageId: row.message_id ?? undefined,
    acceptedAt: row.accepted_at,
    updatedAt: row.updated_at,
    nextAttemptAt: row.state === 'deferred' ? (row.next_attempt_at ?? undefined) : undefined,
    attempts: row.attempts,
    claims: row.claims,
    recipients: recipients.map((address, index) => ({
      address,
      state: stateOf(standing[index]),
      ...decodeJudgement(row.judgements?.[index]),
    })),
    last: decodeJudgement(row.last),
    ...(row.not_before !== null && { notBefore: row.not_before }),
    ...(row.settle_at !== null && { planned: { way: wayOf(row.settle_way), at: row.settle_at } }),
    ...heldSpansOf(row.held_spans),
  }
}
