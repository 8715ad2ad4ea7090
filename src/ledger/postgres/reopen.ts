import type { SharedPool } from '../../store/shared-pool.ts'
import { reopenable, type Reopened, type ReopenOptions } from '../reopened.ts'
import type { MessageState } from '../ledger.ts'
import { AGAIN } from '../standing.ts'
import { decide } from './decide.ts'

/**
 * What may have arrived is tried again as what was uncertain is. The fence is raised and the marks'
 * traces go, so that no late settlement of the time before changes what is tried again. A plain
 * statement: a person's decision needs no function.
 */
const REOPEN = `
with old as (
  select id, floor(extract(epoch from accepted_at) * 1000) as accepted from ledger
  where id = $1 and state = any($3) and not ledger_is_unreadable(state, standing, recipients)
  for update
), entry as (
  insert into ledger_history (id, entry, bytes)
    select id, 'o' || accepted || E'\\t' || $4::text, 30 from old
)
update ledger set standing = translate(standing, $2, replace(translate($2, 're', 'pp'), 'u', '${AGAIN}')), state = 'deferred',
    fence = greatest(fence + 1, ledger_microseconds()), holder = null, claims = 0, breaks = 0, attempts = 0,
    accepted_at = clock_timestamp(), updated_at = clock_timestamp(),
    next_attempt_at = clock_timestamp(), mark = null, mark_until = null, late = null,
    settle_at = null, settle_way = null, resends = 0, not_before = null,
    held_spans = null,
    held = null, held_since = null, entries = entries + 1
  from old where ledger.id = old.id`

/** How often it may come to its end between the two statements before it is told as it stands. */
const MOST_TRIES = 3

/** Makes the refused and expired recipients of a held message pending again. */
export async function reopen(
  pool: SharedPool,
  id: string,
  options: ReopenOptions,
): Promise<Reopened> {
  const { states, letters } = reopenable(options)
  for (let tries = 1; ; tries++) {
    const values = [id, letters, states, options.evenIfUncertain === true ? '1' : '0']
    const { rowCount } = await pool.query(REOPEN, values)
    if (rowCount === 1) return { kind: 'reopened' }
    const [found] = await decide<{ state: MessageState }>(
      pool,
      id,
      'select state, ledger_check(state, standing, recipients) from ledger where id = $1',
      [id],
    )
    if (found === undefined) return { kind: 'unknown' }
    // Else it has come to its end between the two.
    const isHeld = states.some((state) => state === found.state)
    if (!isHeld || tries === MOST_TRIES) return { kind: 'not-held', state: found.state }
  }
}
