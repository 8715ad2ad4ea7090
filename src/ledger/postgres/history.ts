import type { SharedPool } from '../../store/shared-pool.ts'
import { composeTimeline } from '../compose-timeline.ts'
import type { Evicted, HistoryLimits, Timeline } from '../timeline.ts'

/** More are dropped from the middle: how it began and how it went lately matter most. */
const MAX_ENTRIES = 64
const FIRST_ENTRIES = 8

/** One row per entry; `seq` grows with time, and what is evicted is at its beginning. */
export const HISTORY_TABLE = `
create table if not exists ledger_history (
  seq bigint generated always as identity,
  id text collate "C" not null,
  at timestamptz not null default clock_timestamp(),
  entry text not null,
  bytes int not null,
  primary key (seq) include (bytes)
);
create index if not exists ledger_history_of on ledger_history (id, seq);
`

/** Leaves an entry of a message whose row the caller holds; and whether a settlement left its own. */
export const HISTORY_FUNCTION = `
create or replace function ledger_tell(the_id text, the_entry text) returns void
language plpgsql as $$
begin
  insert into ledger_history (id, entry, bytes)
    values (the_id, the_entry, octet_length(the_entry) + 14);
  update ledger set entries = entries + 1 where id = the_id;
  delete from ledger_history h
    using (
      select seq from ledger_history where id = the_id
      order by seq desc offset ${MAX_ENTRIES - FIRST_ENTRIES} limit 1
    ) dropped
    where h.seq = dropped.seq
      and (select count(*) from ledger_history where id = the_id) > ${MAX_ENTRIES};
end $$;

create or replace function ledger_tell_attempt(
  the_id text, how text, the_fence bigint, the_letter text, the_json text
) returns void language plpgsql as $$
declare
  what text := E'\\t' || the_fence || E'\\t' || the_json;
begin
  -- Whoever did not hear the answer settles again.
  if the_letter = 'a' and not exists (
    select from ledger_history where id = the_id and right(entry, length(what)) = what
  ) then
    perform ledger_tell(the_id, 'a' || how || what);
  end if;
end $$;
`

/** Leaves an entry of a message that is known. */
export async function note(pool: SharedPool, id: string, entry: string): Promise<void> {
  await pool.query('select ledger_tell(id, $2) from ledger where id = $1 for update', [id, entry])
}

interface Row {
  readonly connection: string
  readonly accepted_at: Date
  readonly updated_at: Date
  readonly fence: number
  readonly holder: string | null
  readonly brief: string | null
  readonly entries: number
  readonly ats: readonly Date[]
  readonly texts: readonly string[]
}

const READ = `
select connection, accepted_at, updated_at, fence::float8, holder, brief, entries,
  coalesce(h.ats, '{}') as ats, coalesce(h.texts, '{}') as texts
from ledger,
  lateral (
    select array_agg(at order by seq) as ats, array_agg(entry order by seq) as texts
    from ledger_history where ledger_history.id = ledger.id
  ) h
where ledger.id = $1`

/** Reads what happened to a message. */
export async function history(pool: SharedPool, id: string): Promise<Timeline | undefined> {
  const { rows } = await pool.query<Row>(READ, [id])
  const [row] = rows
  if (row === undefined) return undefined
  return composeTimeline({
    id,
    connection: row.connection,
    acceptedAt: row.accepted_at,
    updatedAt: row.updated_at,
    fence: row.fence,
    worker: row.holder ?? '',
    brief: row.brief ?? undefined,
    stored: row.ats.map((at, index) => ({ at, text: row.texts[index] ?? '' })),
    count: row.entries,
  })
}

const EVICT = `
with kept as (
  select coalesce(sum(bytes), 0)::bigint as bytes from ledger_history
), oldest as (
  select seq, at, bytes, sum(bytes) over (order by seq) as until
  from (select seq, at, bytes from ledger_history order by seq limit $3) first
), gone as (
  delete from ledger_history using oldest, kept
    where ledger_history.seq = oldest.seq
      and (oldest.at < clock_timestamp() - $1 * interval '1 millisecond'
        or kept.bytes - oldest.until + oldest.bytes > $2)
    returning ledger_history.bytes
)
select (select count(*) from gone)::int as entries,
  (kept.bytes - (select coalesce(sum(bytes), 0) from gone))::float8 as bytes
from kept`

/** Evicts the oldest entries. */
export async function evictHistory(
  pool: SharedPool,
  { keepForMs, maxBytes }: HistoryLimits,
  limit: number,
): Promise<Evicted> {
  const { rows } = await pool.query<{ entries: number; bytes: number }>(EVICT, [
    keepForMs,
    maxBytes,
    limit,
  ])
  return { entries: rows[0]?.entries ?? 0, bytesLeft: rows[0]?.bytes ?? 0 }
}
