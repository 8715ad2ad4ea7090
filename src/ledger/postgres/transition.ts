import { FINAL_STATES, OPEN_STATES } from '../state.ts'
import { GRAVEST_FIRST } from '../standing.ts'
import { UNREADABLE } from './decide.ts'

const CASES = GRAVEST_FIRST.map(
  ([letter, state]) => `when position('${letter}' in standing) > 0 then '${state}'`,
)

const LETTERS = GRAVEST_FIRST.map(([letter]) => letter).join('')
const STATES = [...OPEN_STATES, ...FINAL_STATES].map((state) => `'${state}'`).join(', ')

/**
 * Functions that the others share: the clock, the overall state, whether it is held, and whether a
 * row comes from another hand: such a one is left as it is.
 */
export const TRANSITION = `
create or replace function ledger_microseconds() returns bigint language sql volatile
  return (extract(epoch from clock_timestamp()) * 1000000)::bigint;

create or replace function ledger_overall(standing text) returns text language sql immutable
  return case ${CASES.join(' ')} else 'delivered' end;

create or replace function ledger_held(state text) returns text language sql immutable
  return case when state in ('uncertain', 'refused', 'expired') then state end;

create or replace function ledger_is_unreadable(state text, standing text, recipients text[])
returns boolean language sql immutable
  return state not in (${STATES}) or translate(standing, '${LETTERS}', '') <> ''
    or length(standing) <> cardinality(recipients) or standing = '';

create or replace function ledger_check(state text, standing text, recipients text[])
returns void language plpgsql as $$
begin
  if ledger_is_unreadable(state, standing, recipients) then
    raise exception 'unreadable record' using errcode = '${UNREADABLE}';
  end if;
end $$;
`
