import { askTogether } from '../../store/ask-together.ts'
import type { SharedPool } from '../../store/shared-pool.ts'
import { LedgerUnreadableError } from '../errors.ts'
import type { ClaimRequest } from '../claim-request.ts'
import type { Claim } from '../claim.ts'
import type { FinalState } from '../ledger.ts'
import { heldSpansOf } from '../held-spans.ts'
import { pendingIn } from '../standing.ts'
import { planDoneOf } from '../uncertain.ts'
import { askMany, decide } from './decide.ts'

/**
 * Usually the first statement takes the message. Else it is absent, final, marked, its mark's time
 * is over, or the plan for its uncertain recipients is due: that is mended, and then the claim goes
 * round once more.
 */
export const CLAIM_FUNCTION = `
drop function if exists ledger_claim(text, text, text, text, text);
drop function if exists ledger_claim(text, text, text, text, text, text);
create or replace function ledger_claim(
  the_id text, the_worker text, the_connection text, addresses text, the_digest text,
  the_manager text default null,
  out new_fence float8, out now_standing text, out now_attempts int, out now_claims int,
  out age_ms float8, out final_state text, out retry_ms float8, out turned int, out now_breaks int,
  out done_way text, out done_count int, out not_before_ms float8, out is_early boolean,
  out now_held_spans text,
  out elsewhere text
) language plpgsql as $$
declare
  l ledger;
  ended text;
  marked int;
  newer text;
  -- Then it was told so, and is taken: a newer message that comes this very moment comes later.
  has_died boolean := false;
begin
  turned := 0;
  loop
    update ledger set state = 'active', fence = greatest(fence + 1, ledger_microseconds()),
        holder = the_worker, claims = claims + 1, updated_at = clock_timestamp(),
        manager = case when standing ~ '[uq]' then manager else nullif(the_manager, the_connection) end
      where id = the_id and state in ('queued', 'deferred') and mark_until is null
        and (position('p' in standing) > 0 or position('q' in standing) > 0)
        and (not_before is null or not_before <= clock_timestamp())
        and (has_died or supersedes is null or ledger_newer(supersedes, id) is null)
        and (settle_at is null or settle_at > clock_timestamp()) and not ledger_is_unreadable(state, standing, recipients)
        and (the_digest is null or digest is null or digest = the_digest)
        and (the_manager is null or coalesce(manager, the_connection) = the_manager or standing !~ '[uq]')
      returning fence, standing, attempts, claims, breaks,
        floor(extract(epoch from clock_timestamp() - greatest(accepted_at, not_before)) * 1000),
        floor(extract(epoch from not_before) * 1000), held_spans
      into new_fence, now_standing, now_attempts, now_claims, now_breaks, age_ms, not_before_ms,
        now_held_spans;
    if found then return; end if;

    select * into l from ledger where id = the_id for update;
    if not found then
      insert into ledger (id, connection, recipients, standing)
        select the_id, the_connection, a, repeat('p', cardinality(a))
        from string_to_array(addresses, E'\\n') a
        on conflict (id) do nothing;
      continue;
    end if;
    perform ledger_check(l.state, l.standing, l.recipients);
    if l.digest <> the_digest then
      final_state := 'conflict';
      return;
    end if;
    newer := case when not has_died then ledger_newer(l.supersedes, the_id) end;
    if newer is not null and l.settle_way = 'r'
      and coalesce(l.mark_until <= clock_timestamp(), true) then
      update ledger set settle_at = null, settle_way = null where id = the_id;
      continue;
    end if;
    if l.state not in ('queued', 'deferred', 'active')
      and (l.state <> 'uncertain' or coalesce(l.settle_at > clock_timestamp(), true)) then
      final_state := l.state;
      retry_ms := case when l.state = 'uncertain'
        then ceil(extract(epoch from l.settle_at - clock_timestamp()) * 1000) end;
      return;
    end if;
    if l.mark_until > clock_timestamp() then
      retry_ms := ceil(extract(epoch from l.mark_until - clock_timestamp()) * 1000);
      return;
    end if;

    if l.mark_until is not null then
      l.late := coalesce(l.late, array_fill(null::bigint, array[cardinality(l.recipients)]));
      foreach marked in array l.mark loop
        -- A late answer to an earlier dot may have settled it meanwhile.
        continue when substr(l.standing, marked + 1, 1) not in ('p', 'q');
        l.standing := overlay(l.standing placing 'u' from marked + 1 for 1);
        l.late[marked + 1] := l.fence;
        turned := turned + 1;
      end loop;
    end if;
    if l.mark_until is null and l.settle_at <= clock_timestamp() then
      done_way := l.settle_way;
      -- The attempt of whoever died without a word counts all the same.
      done_count := ledger_settle_uncertain(the_id, done_way, 'p',
        case when done_way = 'r' and turned > 0 then 1 else 0 end);
      continue;
    end if;
    if l.mark_until is null and newer is not null and ledger_supersede(the_id) then continue; end if;
    if l.mark_until is null and l.not_before > clock_timestamp() then
      retry_ms := ceil(extract(epoch from l.not_before - clock_timestamp()) * 1000);
      is_early := true;
      return;
    end if;
    ended := ledger_overall(l.standing);
    -- Nothing is written down of the manager that has the connection's own name.
    if l.mark_until is null and ended = 'deferred'
      and coalesce(l.manager, the_connection) <> the_manager and l.standing ~ '[uq]' then
      elsewhere := coalesce(l.manager, the_connection);
      return;
    end if;
    if l.mark_until is not null then
      perform ledger_tell(the_id, 'u' || coalesce(l.holder, '') || E'\\t'
        || array_to_string(l.mark, ','));
    elsif l.state = 'active' then
      perform ledger_tell(the_id, 'd' || coalesce(l.holder, '') || E'\\t'
        || floor(extract(epoch from l.updated_at) * 1000));
      has_died := true;
    end if;
    if ended = 'deferred' then
      update ledger set standing = l.standing, late = l.late, mark = null, mark_until = null,
          state = 'deferred'
        where id = the_id;
      if turned > 0 and l.mark_until is not null then
        perform ledger_plan(the_id, l.mark_plan, l.mark_until);
      end if;
      continue;
    end if;
    update ledger set state = ended, standing = l.standing, late = l.late, mark = null,
        mark_until = null, holder = null, claims = 0, next_attempt_at = null,
        updated_at = clock_timestamp(), held = ledger_held(ended),
        held_since = case when ledger_held(ended) is not null then ledger_microseconds() end
      where id = the_id;
    if turned > 0 and l.mark_until is not null then
      perform ledger_plan(the_id, l.mark_plan, l.mark_until);
    end if;
  end loop;
end $$;
`

interface Row {
  readonly new_fence: number | null
  readonly now_standing: string
  readonly now_attempts: number
  readonly now_claims: number
  readonly now_breaks: number
  readonly age_ms: number
  readonly final_state: FinalState | 'conflict' | null
  readonly retry_ms: number | null
  readonly turned: number
  readonly done_way: string | null
  readonly done_count: number | null
  readonly not_before_ms: number | null
  readonly is_early: boolean | null
  readonly now_held_spans: string | null
  readonly elsewhere: string | null
}

const ONE = 'select * from ledger_claim($1, $2, $3, $4, $5, $6)'

/** A message that is locked, and one that is not recorded, has no row. */
const MANY = `
select c.place::int, r.*
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    with ordinality c (id, worker, connection, addresses, digest, manager, place),
  lateral (select id from ledger where ledger.id = c.id for update skip locked) l,
  lateral ledger_claim(l.id, c.worker, c.connection, c.addresses, c.digest, c.manager) r`

/** Takes messages for workers; marked recipients whose time is over become `uncertain` first. */
export function claimTogether(pool: SharedPool): (request: ClaimRequest) => Promise<Claim> {
  return askTogether(pool, {
    one: async (request) =>
      claimOf((await decide<Row>(pool, request.id, ONE, valuesOf(request)))[0]),
    async many(requests) {
      const rows = await askMany<Row>(pool, MANY, requests.map(valuesOf))
      return rows.map((row) => row && claimOf(row))
    },
  })
}

function valuesOf(request: ClaimRequest): readonly (string | null)[] {
  const { id, worker, connection, recipients, digest, manager } = request
  return [id, worker, connection, recipients.join('\n'), digest ?? null, manager ?? null]
}

function claimOf(row: Row | undefined): Claim {
  if (row === undefined) throw new LedgerUnreadableError('a row of ledger_claim')
  if (row.final_state === 'conflict') return { kind: row.final_state }
  const done = planDoneOf(row.done_way, row.done_count)
  if (row.final_state !== null) {
    return {
      kind: 'settled',
      state: row.final_state,
      turned: row.turned,
      ...(done && { done }),
      ...(row.retry_ms !== null && { dueInMs: Math.max(0, row.retry_ms) }),
    }
  }
  if (row.is_early === true) return { kind: 'early', dueInMs: Math.max(1, row.retry_ms ?? 0) }
  if (row.elsewhere !== null) {
    return {
      kind: 'elsewhere',
      manager: row.elsewhere,
      turned: row.turned,
      ...(done && { done }),
    }
  }
  if (row.new_fence === null) return { kind: 'in-doubt', retryInMs: Math.max(1, row.retry_ms ?? 0) }
  return {
    kind: 'claimed',
    fence: row.new_fence,
    pending: pendingIn(row.now_standing),
    attempts: row.now_attempts,
    claims: row.now_claims,
    breaks: row.now_breaks,
    ageMs: row.age_ms,
    ...heldSpansOf(row.now_held_spans),
    turned: row.turned,
    ...(row.not_before_ms !== null && { notBefore: row.not_before_ms }),
    ...(done && { done }),
  }
}
