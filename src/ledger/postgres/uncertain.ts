import type { SharedPool } from '../../store/shared-pool.ts'
import { LedgerUnreadableError } from '../errors.ts'
import { HELD } from '../entry.ts'
import { MAX_HELD_SPANS } from '../held-spans.ts'
import { encodeJudgement } from '../judgement.ts'
import type { MessageState } from '../ledger.ts'
import { ACCEPTED, AGAIN } from '../standing.ts'
import {
  ACCEPTED_UNCERTAIN,
  letterOfWay,
  wayOf,
  type DueUncertain,
  type UncertainDecision,
  type UncertainSettled,
} from '../uncertain.ts'
import { decide } from './decide.ts'

const JUDGEMENT = encodeJudgement({ stage: 'dot', rule: ACCEPTED_UNCERTAIN })

/**
 * What claims and settlements share: a plan for uncertain recipients is made, and done. Then what
 * somebody decides: what they hold, no plan settles, also for whoever becomes uncertain beside it. A
 * message that was held does not age meanwhile.
 */
export const UNCERTAIN_FUNCTION = `
create or replace function ledger_plan(the_id text, the_plan text, answer_until timestamptz)
returns void language plpgsql as $$
declare
  parts text[] := string_to_array(the_plan, ':');
begin
  update ledger l set settle_way = parts[1], settle_at = case when parts[1] is not null then
      greatest(clock_timestamp() + parts[2]::float8 * interval '1 millisecond',
        case when parts[1] = 'r' then answer_until end) end
    where id = the_id and settle_way is distinct from 'h';
  update ledger l set settle_way = null, settle_at = null
    where id = the_id and parts[1] = 'r' and resends >= parts[3]::int
      and settle_way is distinct from 'h';
end $$;

create or replace function ledger_with_span(spans text, from_ms bigint, to_ms bigint)
returns text language plpgsql immutable as $$
declare
  parts text[] := string_to_array(spans, ',') || (from_ms || '-' || to_ms);
  a bigint;
  b bigint;
  c bigint;
begin
  while cardinality(parts) > ${MAX_HELD_SPANS} loop
    a := split_part(parts[1], '-', 1);
    b := split_part(parts[1], '-', 2);
    c := split_part(parts[2], '-', 1);
    parts := array[(c - (b - a)) || '-' || split_part(parts[2], '-', 2)] || parts[3:];
  end loop;
  return array_to_string(parts, ',');
end $$;

create or replace function ledger_settle_uncertain(
  the_id text, way text, decided_by text, attempts_more int
) returns int language plpgsql as $$
declare
  l ledger;
  now_state text;
  settled_at timestamptz;
  held_at timestamptz;
  places int[] := '{}';
begin
  select * into l from ledger where id = the_id for update;
  settled_at := clock_timestamp();
  held_at := coalesce('epoch'::timestamptz + l.held_since * interval '1 microsecond', l.updated_at);
  l.judgements := coalesce(l.judgements, array_fill(null::text, array[cardinality(l.recipients)]));
  for i in 1 .. length(l.standing) loop
    continue when substr(l.standing, i, 1) <> 'u';
    places := places || (i - 1);
    if way = 'a' then l.judgements[i] := '${JUDGEMENT}'; end if;
  end loop;
  l.standing := replace(l.standing, 'u', case way when 'a' then '${ACCEPTED}' else '${AGAIN}' end);
  now_state := case when l.state = 'uncertain' then ledger_overall(l.standing) else l.state end;
  update ledger set standing = l.standing, judgements = l.judgements, state = now_state,
      last = case when way = 'a' then '${JUDGEMENT}' else last end,
      settle_at = null, settle_way = null, attempts = attempts + attempts_more,
      resends = case when way = 'a' then resends when decided_by = 'p' then resends + 1 else 0 end,
      accepted_at = case when way = 'r' and l.state = 'uncertain'
        then accepted_at + (settled_at - held_at) else accepted_at end,
      held_spans = case when way = 'r' and l.state = 'uncertain'
        then ledger_with_span(held_spans, floor(extract(epoch from held_at) * 1000)::bigint,
          floor(extract(epoch from settled_at) * 1000)::bigint) else held_spans end,
      updated_at = case when l.state = 'uncertain' then settled_at else updated_at end,
      next_attempt_at = case when l.state = 'uncertain' and now_state = 'deferred'
        then settled_at else next_attempt_at end,
      held = ledger_held(now_state),
      held_since = case when ledger_held(now_state) is not null then held_since end
    where id = the_id;
  perform ledger_tell(the_id, 's' || way || E'\\t' || decided_by || E'\\t'
    || array_to_string(places, ',') || E'\\t'
    || floor(extract(epoch from l.accepted_at) * 1000));
  return cardinality(places);
end $$;

create or replace function ledger_decide_uncertain(
  the_id text, decision text,
  out answer text, out now_state text, out way text, out settled int
) language plpgsql as $$
declare
  l ledger;
begin
  select * into l from ledger where id = the_id for update;
  if not found then
    answer := 'unknown';
    return;
  end if;
  perform ledger_check(l.state, l.standing, l.recipients);
  now_state := l.state;
  if position('u' in l.standing) = 0 then
    answer := 'not-uncertain';
  elsif decision = 'hold' then
    update ledger set settle_at = null, settle_way = 'h' where id = the_id;
    if l.settle_at is not null then perform ledger_tell(the_id, '${HELD}'); end if;
    answer := 'held';
  elsif decision = 'planned' and coalesce(l.settle_at > clock_timestamp(), true) then
    answer := 'not-due';
  else
    answer := 'settled';
    way := case when decision = 'planned' then l.settle_way else decision end;
    settled := ledger_settle_uncertain(
      the_id, way, case when decision = 'planned' then 'p' else 'o' end, 0);
    select state into now_state from ledger where id = the_id;
  end if;
end $$;
`

interface Row {
  readonly answer: UncertainSettled['kind']
  readonly now_state: MessageState
  readonly way: string | null
  readonly settled: number | null
}

/** Settles the uncertain recipients of a message. */
export async function settleUncertain(
  pool: SharedPool,
  id: string,
  decision: UncertainDecision,
): Promise<UncertainSettled> {
  const how = decision === 'resend' || decision === 'accept' ? letterOfWay(decision) : decision
  const statement = 'select * from ledger_decide_uncertain($1, $2)'
  const [row] = await decide<Row>(pool, id, statement, [id, how])
  if (row === undefined) throw new LedgerUnreadableError('a row of ledger_decide_uncertain')
  const { answer: kind, now_state: state } = row
  switch (kind) {
    case 'unknown':
      return { kind }
    case 'held':
    case 'not-due':
    case 'not-uncertain':
      return { kind, state }
    case 'settled':
      return { kind, state, way: wayOf(row.way), recipients: row.settled ?? 0 }
  }
}

/** The messages whose plan is due. */
export async function dueUncertain(
  pool: SharedPool,
  offset: number,
  limit: number,
): Promise<readonly DueUncertain[]> {
  const { rows } = await pool.query<{ id: string; connection: string; settle_way: string }>(
    `select id, connection, settle_way from ledger
     where settle_at is not null and settle_at <= clock_timestamp()
     order by settle_at, id limit $2 offset $1`,
    [offset, limit],
  )
  return rows.map(({ id, connection, settle_way }) => ({ id, connection, way: wayOf(settle_way) }))
}
