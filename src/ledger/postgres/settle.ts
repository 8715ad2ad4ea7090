import { askTogether } from '../../store/ask-together.ts'
import type { SharedPool } from '../../store/shared-pool.ts'
import { LedgerUnreadableError } from '../errors.ts'
import { encodeBrief } from '../brief.ts'
import { entryOf } from '../entry.ts'
import { encodeLast, encodeOutcome } from '../judgement.ts'
import type { MessageState, RecipientOutcome, Settled, Settlement } from '../ledger.ts'
import { letterOf } from '../standing.ts'
import { askMany, decide } from './decide.ts'

/**
 * The first statement ends nearly every message: its only recipient is delivered.
 *
 * The holder of the claim moves pending recipients. A late marker moves those that its own mark
 * made uncertain, whatever was decided about them, until another final dot is on its way to them.
 * A holder that comes again after it has settled finds nothing to move.
 */
export const SETTLE_FUNCTION = `
drop function if exists ledger_settle(
  text, bigint, boolean, int, float8, text, text, int[], text, text[], text, text, text, boolean);
create or replace function ledger_settle(
  the_id text, the_fence bigint, more_follows boolean, attempts_more int, retry_ms float8,
  the_rest text, the_last text, places int[], letters text, its_judgements text[],
  the_brief text, entry_letter text, entry_json text, is_break boolean,
  out applied boolean, out now_state text, out late_one boolean, out accepted int, out due_ms float8
) language plpgsql as $$
declare
  l ledger;
  holds boolean;
  letter text;
  current text;
  is_late boolean := false;
  moved boolean := false;
  turned boolean := false;
begin
  applied := true;
  if letters = 'd' and places = '{0}' and not more_follows and the_rest is null
    and (the_brief is not null or entry_letter is null) then
    update ledger set state = 'delivered', standing = 'd', judgements = its_judgements,
        last = coalesce(the_last, last), attempts = attempts + attempts_more, claims = 0, breaks = 0,
        holder = case when the_brief is not null then holder end, brief = the_brief,
        mark = null, mark_until = null, next_attempt_at = null, updated_at = clock_timestamp()
      where id = the_id and fence = the_fence and state = 'active' and standing = 'p'
        and (the_brief is null or entries = 0)
      returning state into now_state;
    if found then return; end if;
  end if;

  select * into l from ledger where id = the_id for update;
  if not found then
    applied := false;
    now_state := 'queued';
    return;
  end if;
  perform ledger_check(l.state, l.standing, l.recipients);
  holds := l.state = 'active' and l.fence = the_fence;
  for i in 1 .. cardinality(places) loop
    letter := substr(letters, i, 1);
    current := substr(l.standing, places[i] + 1, 1);
    if not holds then
      continue when l.late[places[i] + 1] is distinct from the_fence;
      is_late := true;
      letter := case when letter <> 'p' then letter
        when the_rest is not null then the_rest
        -- What was cancelled or superseded meanwhile must not be tried again; what was accepted has no content left.
        when l.standing ~ '[cs]' then substring(l.standing from '[cs]')
        when current = 'a' then 'r' else 'p' end;
      continue when letter <> 'd' and l.mark is not null and places[i] = any(l.mark);
    elsif current = 'q' and letter = 'p' then letter := 'q';
    end if;
    continue when position(current in case when holds then 'pq' else 'uaq' end) = 0;
    moved := true;
    turned := turned or letter = 'u';
    l.standing := overlay(l.standing placing letter from places[i] + 1 for 1);
    l.judgements :=
      coalesce(l.judgements, array_fill(null::text, array[cardinality(l.recipients)]));
    l.judgements[places[i] + 1] := its_judgements[i];
  end loop;
  if not holds and not moved then
    applied := is_late or (l.fence = the_fence and l.fence > 0);
    now_state := l.state;
    late_one := is_late;
    if l.state = 'uncertain' then
      due_ms := extract(epoch from l.settle_at - clock_timestamp()) * 1000;
    end if;
    if not applied then
      perform ledger_tell_attempt(the_id, 'w', the_fence, entry_letter, entry_json);
    end if;
    return;
  end if;

  if holds and the_rest is not null then
    l.standing := replace(replace(l.standing, 'p', the_rest), 'q', 'u');
  end if;
  now_state := ledger_overall(l.standing);
  if (holds and more_follows) or (l.state = 'active' and not holds) then now_state := 'active'; end if;
  update ledger set standing = l.standing, judgements = l.judgements, state = now_state,
      last = coalesce(the_last, last), updated_at = clock_timestamp(),
      attempts = attempts + case when holds and more_follows then 0 else attempts_more end,
      claims = case when holds then 0 else claims end,
      resends = case when l.standing ~ '[uq]' then resends else 0 end,
      settle_at = case when position('u' in l.standing) > 0 then settle_at end,
      settle_way = case when position('u' in l.standing) > 0 then settle_way end,
      breaks = case when not holds then breaks when is_break then breaks + 1
        when not is_break then 0 else breaks end,
      mark = case when holds then null else mark end,
      mark_until = case when holds then null else mark_until end,
      holder = case when now_state = 'active' then holder end,
      next_attempt_at = case
        when now_state = 'active' or l.state = 'deferred' then next_attempt_at
        when now_state = 'deferred' then clock_timestamp() + retry_ms * interval '1 millisecond'
      end,
      held = ledger_held(now_state),
      held_since = case
        when ledger_held(now_state) is null then null
        when held = now_state then held_since
        else ledger_microseconds()
      end
    where id = the_id;
  perform ledger_tell_attempt(
    the_id, case when holds then 's' else 'l' end, the_fence, entry_letter, entry_json);
  if holds and entry_letter = 'e' then perform ledger_tell(the_id, 'e' || entry_json); end if;
  late_one := not holds;
  if turned and holds then
    perform ledger_plan(
      the_id, case when l.mark_until is not null then l.mark_plan end, l.mark_until);
  end if;
  if position('u' in l.standing) = 0 then return; end if;
  select * into l from ledger where id = the_id;
  if l.settle_way = 'a' and l.settle_at <= clock_timestamp() and now_state <> 'active' then
    accepted := ledger_settle_uncertain(the_id, 'a', 'p', 0);
    select * into l from ledger where id = the_id;
    now_state := l.state;
  end if;
  if now_state = 'uncertain' then
    due_ms := extract(epoch from l.settle_at - clock_timestamp()) * 1000;
  end if;
end $$;
`

interface Row {
  readonly applied: boolean
  readonly now_state: MessageState
  readonly late_one: boolean | null
  readonly accepted: number | null
  readonly due_ms: number | null
}

const ONE =
  'select * from ledger_settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)'

/** Each of one recipient. */
const MANY = `
select s.at::int as place, r.*
from unnest($1::text[], $2::bigint[], $3::bool[], $4::int[], $5::float8[], $6::text[], $7::text[],
    $8::int[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bool[])
    with ordinality s (id, fence, more_follows, attempts_more, retry_ms, rest, last, place, letter,
      judgement, brief, entry_letter, entry_json, is_break, at),
  lateral (select id from ledger where ledger.id = s.id for update skip locked) l,
  lateral ledger_settle(l.id, s.fence, s.more_follows, s.attempts_more, s.retry_ms, s.rest, s.last,
    array[s.place], s.letter, array[s.judgement], s.brief, s.entry_letter, s.entry_json,
    s.is_break) r`

interface Call {
  readonly id: string
  readonly fence: number
  readonly settlement: Settlement
}

type Settle = (id: string, fence: number, settlement: Settlement) => Promise<Settled>

/** Ends attempts or transactions of them. */
export function settleTogether(pool: SharedPool): Settle {
  const one = async (call: Call): Promise<Settled> => {
    const places = call.settlement.outcomes.map(({ index }) => index)
    const judgements = call.settlement.outcomes.map(judgementOf)
    const values = valuesOf(call, places, judgements)
    return settledOf((await decide<Row>(pool, call.id, ONE, values))[0])
  }
  const ask = askTogether<Call, Settled>(pool, {
    one,
    async many(calls) {
      const values = calls.map((call) => {
        const [outcome] = call.settlement.outcomes
        return valuesOf(call, outcome?.index, outcome && judgementOf(outcome))
      })
      const rows = await askMany<Row>(pool, MANY, values)
      return rows.map((row) => row && settledOf(row))
    },
  })
  return (id, fence, settlement) => {
    const call = { id, fence, settlement }
    return settlement.outcomes.length === 1 ? ask(call) : one(call)
  }
}

function judgementOf(outcome: RecipientOutcome): string | null {
  return encodeOutcome(outcome) || null
}

/** As the function has them; `places` and `judgements` are arrays, or what is to become one. */
function valuesOf(
  { id, fence, settlement }: Call,
  places: unknown,
  judgements: unknown,
): readonly unknown[] {
  const { outcomes, rest, more, isAttempt, isBreak, retryInMs, last, note } = settlement
  const [letter, json] = entryOf(settlement)
  return [
    id,
    fence,
    more === true,
    isAttempt ? 1 : 0,
    retryInMs ?? null,
    rest === undefined ? null : letterOf(rest),
    encodeLast(last) || null,
    places,
    outcomes.map(({ state }) => letterOf(state)).join(''),
    judgements,
    (isAttempt && encodeBrief(note)) || null,
    letter || null,
    json,
    isAttempt && more !== true ? isBreak === true : null,
  ]
}

function settledOf(row: Row | undefined): Settled {
  if (row === undefined) throw new LedgerUnreadableError('a row of ledger_settle')
  const { applied, now_state: state, late_one, accepted, due_ms } = row
  return {
    applied,
    state,
    ...(late_one === true && { isLate: true }),
    ...(accepted !== null && accepted > 0 && { accepted }),
    ...(due_ms !== null && { dueInMs: Math.max(0, Math.ceil(due_ms)) }),
  }
}
