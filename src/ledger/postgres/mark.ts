import { askTogether } from '../../store/ask-together.ts'
import type { SharedPool } from '../../store/shared-pool.ts'
import { encodePlan, type UncertainPlan } from '../uncertain.ts'
import { askMany } from './decide.ts'

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

/** What is to be marked, as the ledger is told. */
type Mark = readonly [
  id: string,
  fence: number,
  recipients: readonly number[],
  answerWithinMs: number,
  plan: UncertainPlan | undefined,
]

const ONE = 'select ledger_mark($1, $2, $3, $4, $5) as marked'

const MANY = `
select m.place::int, ledger_mark(
  l.id, m.fence, string_to_array(m.recipients, ',')::int[], m.within_ms, m.plan) as marked
from unnest($1::text[], $2::bigint[], $3::text[], $4::float8[], $5::text[])
    with ordinality m (id, fence, recipients, within_ms, plan, place),
  lateral (select id from ledger where ledger.id = m.id for update skip locked) l`

interface Row {
  readonly marked: boolean
}

/** Writes "the final dot follows"; false when the claim is gone or a recipient is not pending. */
export function markTogether(pool: SharedPool): (...mark: Mark) => Promise<boolean> {
  const ask = askTogether<Mark, boolean>(pool, {
    async one([id, fence, recipients, withinMs, plan]) {
      const { rows } = await pool.query<Row>(ONE, [id, fence, recipients, withinMs, textOf(plan)])
      return rows[0]?.marked === true
    },
    async many(marks) {
      const rows = await askMany<Row>(
        pool,
        MANY,
        marks.map(([id, fence, recipients, withinMs, plan]) => [
          id,
          fence,
          recipients.join(),
          withinMs,
          textOf(plan),
        ]),
      )
      return rows.map((row) => row?.marked)
    },
  })
  return async (...mark) => mark[2].length > 0 && (await ask(mark))
}

function textOf(plan: UncertainPlan | undefined): string | null {
  return plan === undefined ? null : encodePlan(plan)
}
