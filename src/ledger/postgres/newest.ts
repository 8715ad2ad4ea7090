/** The newest message of all with the same `supersedes`; `purge` lets it go with its record. */
export const NEWEST_TABLE = `
create table if not exists ledger_newest (
  key text collate "C" primary key,
  id text collate "C" not null
);
`

/**
 * What claims and `supersede` share: the id of a newer message, and the end of an older one. What
 * may have arrived is not sent again, and is as uncertain as before. The fence is raised, so that
 * whoever holds the claim has lost it. Answers whether that changed anything.
 *
 * Then the recording of messages of which only the newest is to be sent. Whoever records another one
 * under the same key waits for this transaction, so that the store puts them in an order; all wait
 * in the order of the locks. Only a new record becomes the newest one.
 */
export const NEWEST_FUNCTION = `
create or replace function ledger_newer(the_key text, the_id text) returns text
language sql stable
  return (select n.id from ledger_newest n where n.key = the_key and n.id <> the_id);

create or replace function ledger_supersede(the_id text) returns boolean
language plpgsql as $$
declare
  l ledger;
  newer text;
  ended text;
begin
  select * into l from ledger where id = the_id for update;
  if not found then return false; end if;
  perform ledger_check(l.state, l.standing, l.recipients);
  newer := ledger_newer(l.supersedes, the_id);
  if newer is null or l.state not in ('queued', 'deferred', 'active') or l.mark_until is not null
    or l.standing !~ '[pq]' then return false; end if;
  l.standing := replace(replace(l.standing, 'p', 's'), 'q', 'u');
  ended := ledger_overall(l.standing);
  update ledger set state = ended, standing = l.standing,
      fence = greatest(fence + 1, ledger_microseconds()), holder = null, claims = 0,
      next_attempt_at = null, updated_at = clock_timestamp(), held = ledger_held(ended),
      held_since = case when ledger_held(ended) is not null then ledger_microseconds() end,
      settle_at = case when settle_way is distinct from 'r' then settle_at end,
      settle_way = nullif(settle_way, 'r')
    where id = the_id;
  perform ledger_tell(the_id, 'n' || newer);
  return true;
end $$;

create or replace function ledger_record_newest(
  ids text[], connections text[], message_ids text[], digests text[], addresses text[], keys text[],
  out place int, out answer text, out known_state text, out again boolean, out older text
) returns setof record language plpgsql as $$
begin
  perform pg_advisory_xact_lock(lock) from (
    select distinct hashtextextended(k, 0) as lock from unnest(keys) k where k is not null order by 1
  ) locks;
  for place, answer, known_state, again in
    select r.place, r.answer, r.known_state, r.again
    from ledger_record(ids, connections, message_ids, digests, addresses) r order by r.place
  loop
    older := null;
    if answer = 'recorded' and keys[place] is not null then
      select n.id into older from ledger_newest n where n.key = keys[place];
      insert into ledger_newest (key, id) values (keys[place], ids[place])
        on conflict (key) do update set id = excluded.id;
      update ledger l set supersedes = keys[place] where l.id = ids[place];
    end if;
    return next;
  end loop;
end $$;
`
