import type { SharedPool } from '../../store/shared-pool.ts'
import { encodePlan, type UncertainPlan } from '../uncertain.ts'

export const MARK_FUNCTION = `
drop function if exists ledger_mark(text, bigint, int[], float8);
create or replace function ledger_mark(
  the_id text, the_fence bigint, the_recipients int[], within_ms float8, the_plan text default null
) returns boolean language plpgsql as $$
begin
  update ledger set mark = the_recipients, mark_plan = the_plan,
      mark_until = clock_timestamp() + within_ms * interval '1 millisecond'
    where id = the_id and fence = the_fence and state = 'active' and mark_until is null
      and not exists (
        select from unnest(the_recipients) as place
        where substr(standing, place + 1, 1) not in ('p', 'q')
      );
  return found;
end $$;
`

/** Writes "the final dot follows"; false when the claim is gone or a recipient is not pending. */
export async function mark(
  pool: SharedPool,
  id: string,
  fence: number,
  recipients: readonly number[],
  answerWithinMs: number,
  plan?: UncertainPlan,
): Promise<boolean> {
  if (recipients.length === 0) return false
  const { rows } = await pool.query<{ marked: boolean }>(
    'select ledger_mark($1, $2, $3, $4, $5) as marked',
    [id, fence, recipients, answerWithinMs, plan === undefined ? null : encodePlan(plan)],
  )
  return rows[0]?.marked === true
}
