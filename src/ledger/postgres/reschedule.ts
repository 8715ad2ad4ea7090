import type { SharedPool } from '../../store/shared-pool.ts'
import type { MessageState } from '../ledger.ts'
import type { Rescheduled } from '../rescheduled.ts'
import { decide } from './decide.ts'

/**
 * A message that nobody has claimed stays as it is but for its time: only so can be told that its
 * job may never have been added. Else the fence is raised, so that whoever holds the claim has lost
 * it. Answers what holds when it was too late.
 */
export const RESCHEDULE_FUNCTION = `
create or replace function ledger_reschedule(
  the_id text, at timestamptz, out is_rescheduled boolean, out old_state text
) language plpgsql as $$
declare
  l ledger;
begin
  is_rescheduled := false;
  select * into l from ledger where id = the_id for update;
  old_state := l.state;
  if l.id is null then return; end if;
  perform ledger_check(l.state, l.standing, l.recipients);
  if l.state not in ('queued', 'deferred', 'active') or l.mark_until is not null
    or l.standing !~ '[pq]' then return; end if;
  is_rescheduled := true;
  update ledger set not_before = at, updated_at = clock_timestamp() where id = the_id;
  if l.fence > 0 then
    update ledger set state = 'deferred', next_attempt_at = at, holder = null, claims = 0,
        fence = greatest(fence + 1, ledger_microseconds())
      where id = the_id;
  end if;
  perform ledger_tell(the_id, 'm' || floor(extract(epoch from at) * 1000));
end $$;
`

interface Row {
  readonly is_rescheduled: boolean
  readonly old_state: MessageState | null
}

/** Has a message sent at another time, unless a final dot has left. */
export async function reschedule(pool: SharedPool, id: string, at: Date): Promise<Rescheduled> {
  const statement = 'select * from ledger_reschedule($1, $2)'
  const [row] = await decide<Row>(pool, id, statement, [id, at])
  if (row?.is_rescheduled === true) return { kind: 'rescheduled' }
  const state = row?.old_state ?? undefined
  return state === undefined ? { kind: 'unknown' } : { kind: 'too-late', state }
}
