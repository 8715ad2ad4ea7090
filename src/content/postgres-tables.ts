import type { Client } from 'pg'

import { StoreNotMigratedError } from '../store/errors.ts'
import type { PlannedChange } from '../store/preparations.ts'
import type { PostgresStore } from '../store/store.ts'
import { ContentTooNewError } from './errors.ts'

/** Raise it with every change; a newer version must keep older programs going. */
const VERSION = 1

/**
 * An upload writes pieces of its own, which nobody reads before `content.whole` names it.
 *
 * The row of a content is locked by whoever takes it and by whoever leaves it, so that the last
 * owner's leaving and the next one's coming are one after the other.
 */
const TABLES = `
create table if not exists content (
  sha256 text collate "C" primary key,
  bytes bigint not null,
  whole uuid
);
create table if not exists content_upload (
  upload uuid primary key,
  sha256 text collate "C" not null references content on delete cascade,
  begun_at timestamptz not null default clock_timestamp()
);
create index if not exists content_upload_sha256 on content_upload (sha256);
create table if not exists content_piece (
  sha256 text collate "C" not null references content on delete cascade,
  upload uuid not null,
  piece int not null,
  bytes bytea not null,
  primary key (sha256, upload, piece)
);
alter table content_piece alter column bytes set storage external;
create table if not exists content_owner (
  id text collate "C" not null,
  digest text collate "C" not null,
  sha256 text collate "C" not null references content,
  put_at timestamptz not null default clock_timestamp(),
  primary key (id, digest, sha256)
);
create index if not exists content_owner_sha256 on content_owner (sha256);
create table if not exists content_home (id uuid primary key);
insert into content_home
  select gen_random_uuid() where not exists (select from content_home);

create or replace function content_hold(
  the_sha256 text, its_bytes bigint, the_id text, the_digest text, the_limit bigint,
  the_upload uuid
) returns text language plpgsql as $$
declare
  it uuid;
begin
  if the_limit is not null and not exists (select from content where sha256 = the_sha256)
    and (select coalesce(sum(bytes), 0) from content) + its_bytes > the_limit
  then return 'full'; end if;
  insert into content (sha256, bytes) values (the_sha256, its_bytes)
    on conflict (sha256) do update set bytes = excluded.bytes returning whole into it;
  insert into content_owner (id, digest, sha256) values (the_id, the_digest, the_sha256)
    on conflict (id, digest, sha256) do update set put_at = clock_timestamp();
  if it is not null then return 'whole'; end if;
  insert into content_upload (upload, sha256) values (the_upload, the_sha256);
  return 'partly';
end $$;

create or replace function content_finish(
  the_sha256 text, the_id text, the_digest text, the_upload uuid
) returns boolean language plpgsql as $$
begin
  perform 1 from content where sha256 = the_sha256 for update;
  delete from content_upload where upload = the_upload;
  if not found or not exists (
    select from content_owner where sha256 = the_sha256 and id = the_id and digest = the_digest
  ) then
    perform content_discard(the_sha256, the_upload);
    return false;
  end if;
  update content set whole = the_upload where sha256 = the_sha256 and whole is null;
  if not found then perform content_discard(the_sha256, the_upload); end if;
  return true;
end $$;

create or replace function content_discard(the_sha256 text, the_upload uuid)
returns void language plpgsql as $$
begin
  perform 1 from content where sha256 = the_sha256 for update;
  if exists (select from content where sha256 = the_sha256 and whole = the_upload) then return; end if;
  delete from content_piece where sha256 = the_sha256 and upload = the_upload;
  delete from content_upload where upload = the_upload;
end $$;

create or replace function content_drop(the_sha256 text, the_upload uuid)
returns void language plpgsql as $$
begin
  update content set whole = null where sha256 = the_sha256 and whole = the_upload;
  if found then delete from content_piece where sha256 = the_sha256 and upload = the_upload; end if;
end $$;

create or replace function content_release(the_id text, the_digest text, the_until timestamptz)
returns int language plpgsql as $$
declare
  its_sha256 text;
  gone int := 0;
begin
  for its_sha256 in
    select distinct sha256 from content_owner
    where id = the_id and (the_digest is null or digest = the_digest) order by sha256
  loop
    perform 1 from content where sha256 = its_sha256 for update;
    delete from content_owner where sha256 = its_sha256 and id = the_id
      and (the_digest is null or digest = the_digest) and (the_until is null or put_at <= the_until);
    if found and not exists (select from content_owner where sha256 = its_sha256) then
      delete from content where sha256 = its_sha256;
      gone := gone + 1;
    end if;
  end loop;
  return gone;
end $$;
comment on table content is 'version ${VERSION}';
`

/**
 * Creates the tables of content, in one transaction; does nothing when they are there. A store that
 * may not migrate is only checked. The caller holds the lock under which processes take turns.
 *
 * Throws `StoreNotMigratedError`, `ContentTooNewError`.
 */
export async function prepareContent(client: Client, store: PostgresStore): Promise<void> {
  if ((await planContent(client, store)) === undefined) return
  if (!store.mayMigrate) {
    throw new StoreNotMigratedError(store.location, store.schema, 'the table "content"')
  }
  await client.query(TABLES)
}

/** Tells what `prepareContent` would change. Throws `ContentTooNewError`. */
export async function planContent(
  client: Client,
  { location }: PostgresStore,
): Promise<PlannedChange | undefined> {
  const { rows } = await client.query<{ version: string | null }>(
    `select substring(obj_description(to_regclass('content'), 'pg_class') from '\\d+') as version`,
  )
  const from = Number(rows[0]?.version ?? 0)
  if (from > VERSION) throw new ContentTooNewError(location, VERSION, from)
  return from === VERSION ? undefined : { what: 'the content', from, to: VERSION }
}
