import type { SharedPool } from '../../store/shared-pool.ts'
import { CANCELLED_BRIEF } from '../compose-timeline.ts'
import { HELD } from '../entry.ts'
import type { Cancelled, MessageState } from '../ledger.ts'
import { decide } from './decide.ts'

/**
 * The fence is raised, so that whoever holds the claim has lost it. What may have arrived is not
 * sent again, also by no plan, and is as uncertain as before; the same where it is too late. What was
 * cancelled once stays so, whatever has become of the other recipients. Answers what holds when it was
 * too late.
 */
export const CANCEL_FUNCTION = `
create or replace function ledger_cancel(
  the_id text, out is_cancelled boolean, out old_state text
) language plpgsql as $$
declare
  l ledger;
  ended text;
begin
  select * into l from ledger where id = the_id for update;
  old_state := l.state;
  is_cancelled := false;
  if l.id is null then return; end if;
  perform ledger_check(l.state, l.standing, l.recipients);
  if l.state not in ('queued', 'deferred', 'active') or l.mark_until is not null
    or l.standing !~ '[pq]' then
    is_cancelled := l.state <> 'active' and position('c' in l.standing) > 0;
    if l.state = 'uncertain' and l.settle_way = 'r' then
      update ledger set settle_at = null, settle_way = null where id = the_id;
      perform ledger_tell(the_id, '${HELD}');
    elsif l.mark_until is not null and l.mark_plan like 'r%' then
      update ledger set mark_plan = null where id = the_id;
    end if;
    return;
  end if;
  l.standing := replace(replace(l.standing, 'p', 'c'), 'q', 'u');
  is_cancelled := position('c' in l.standing) > 0;
  ended := ledger_overall(l.standing);
  old_state := ended;
  update ledger set state = ended, standing = l.standing,
      fence = greatest(fence + 1, ledger_microseconds()), holder = null, claims = 0,
      next_attempt_at = null, updated_at = clock_timestamp(), held = ledger_held(ended),
      held_since = case when ledger_held(ended) is not null then ledger_microseconds() end,
      settle_at = case when settle_way is distinct from 'r' then settle_at end,
      settle_way = nullif(settle_way, 'r'),
      brief = case when ended = 'cancelled' and entries = 0 then '${CANCELLED_BRIEF}' end
    where id = the_id;
  if ended <> 'cancelled' or l.entries > 0 then perform ledger_tell(the_id, 'c'); end if;
end $$;
`

interface Row {
  readonly is_cancelled: boolean
  readonly old_state: MessageState | null
}

/** Cancels the recipients that are pending, unless a final dot has left. */
export async function cancel(pool: SharedPool, id: string): Promise<Cancelled> {
  const [row] = await decide<Row>(pool, id, 'select * from ledger_cancel($1)', [id])
  if (row?.is_cancelled === true) return { kind: 'cancelled' }
  const state = row?.old_state ?? undefined
  return state === undefined ? { kind: 'unknown' } : { kind: 'too-late', state }
}
