/**
 * One row per message. It holds what the hash of `redis/keys.ts` holds, in the same encodings;
 * `brief` and `entries` are `h` and `e` there, `mark_plan` is `z`, `settle_at`, `settle_way` and
 * `resends` are `q`, `a` and `o`, and `not_before`, `supersedes`,
 * `manager` and `held_spans` are `T`, `K`, `M` and `H`.
 *
 * No column of an index changes while a message is delivered, so that Postgres updates the row in
 * place within its page: `held` and `held_since` are set only for messages that are held, and
 * purging looks for `accepted_at`, which never changes, by an index of a few kilobytes.
 */
export const TABLE = `
create table if not exists ledger (
  id text collate "C" primary key,
  connection text not null,
  message_id text,
  digest text,
  recipients text[] not null,
  standing text not null,
  state text not null default 'queued',
  fence bigint not null default 0,
  holder text,
  claims int not null default 0,
  attempts int not null default 0,
  accepted_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  next_attempt_at timestamptz,
  mark int[],
  mark_until timestamptz,
  last text,
  judgements text[],
  late bigint[],
  held text,
  held_since bigint
) with (fillfactor = 70);
alter table ledger add column if not exists brief text;
alter table ledger add column if not exists entries int not null default 0;
alter table ledger add column if not exists breaks int not null default 0;
alter table ledger add column if not exists mark_plan text;
alter table ledger add column if not exists settle_at timestamptz;
alter table ledger add column if not exists settle_way text;
alter table ledger add column if not exists resends int not null default 0;
alter table ledger add column if not exists not_before timestamptz;
alter table ledger add column if not exists supersedes text;
alter table ledger add column if not exists manager text;
alter table ledger add column if not exists held_spans text;
create index if not exists ledger_planned on ledger (settle_at, id) where settle_at is not null;
create index if not exists ledger_held on ledger (held, held_since, id) where held is not null;
create index if not exists ledger_held_by_connection
  on ledger (connection, held, held_since, id) where held is not null;
create index if not exists ledger_accepted on ledger using brin (accepted_at)
  with (pages_per_range = 32, autosummarize = on);
`
