import { GRAVEST_FIRST } from '../standing.ts'

const CASES = GRAVEST_FIRST.map(
  ([letter, state]) => `when position('${letter}' in standing) > 0 then '${state}'`,
)

/** Functions that the others share: the clock, the overall state, and whether it is held. */
export const TRANSITION = `
create or replace function ledger_microseconds() returns bigint language sql volatile
  return (extract(epoch from clock_timestamp()) * 1000000)::bigint;

create or replace function ledger_overall(standing text) returns text language sql immutable
  return case ${CASES.join(' ')} else 'delivered' end;

create or replace function ledger_held(state text) returns text language sql immutable
  return case when state in ('uncertain', 'refused', 'expired') then state end;
`
