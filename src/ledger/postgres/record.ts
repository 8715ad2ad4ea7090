import type { SharedPool } from '../../store/shared-pool.ts'
import type { MessageState, NewRecord, Recorded } from '../ledger.ts'

/**
 * One row per entry, in the order of the ids, so that two batches which share some never wait for
 * each other in a circle. An entry that is twice in a batch is known the second time.
 */
export const RECORD_FUNCTION = `
create or replace function ledger_record(
  ids text[], connections text[], message_ids text[], digests text[], addresses text[],
  out place int, out answer text, out known_state text, out again boolean
) returns setof record language plpgsql as $$
declare
  entry record;
  known ledger;
begin
  for entry in
    select e.*, string_to_array(e.lines, E'\\n') as recipients
    from unnest(ids, connections, message_ids, digests, addresses) with ordinality
      as e (id, connection, message_id, digest, lines, ordinal)
    order by e.id collate "C", e.ordinal
  loop
    place := entry.ordinal;
    known_state := null;
    again := false;
    loop
      insert into ledger (id, connection, message_id, digest, recipients, standing)
        values (entry.id, entry.connection, entry.message_id, entry.digest, entry.recipients,
          repeat('p', cardinality(entry.recipients)))
        on conflict (id) do nothing;
      answer := 'recorded';
      exit when found;
      update ledger l set message_id = entry.message_id, digest = entry.digest
        where l.id = entry.id and l.digest is null;
      select * into known from ledger l where l.id = entry.id;
      -- Else it was removed this very moment.
      if found then
        answer := case when known.digest = entry.digest then 'known' else 'conflict' end;
        known_state := known.state;
        again := known.state = 'queued' and known.fence = 0;
        exit;
      end if;
    end loop;
    return next;
  end loop;
end $$;
`

interface Row {
  readonly place: number
  readonly answer: Recorded['kind']
  readonly known_state: MessageState
  readonly again: boolean
  readonly older?: string | null
}

/** Records messages in one statement, unless they are known. */
export async function record(
  pool: SharedPool,
  entries: readonly NewRecord[],
): Promise<readonly Recorded[]> {
  if (entries.length === 0) return []
  const keys = entries.map(({ supersedes }) => supersedes ?? null)
  const values = [
    entries.map(({ id }) => id),
    entries.map(({ connection }) => connection),
    entries.map(({ messageId }) => messageId),
    entries.map(({ digest }) => digest),
    entries.map(({ recipients }) => recipients.join('\n')),
  ]
  const { rows } = keys.every((key) => key === null)
    ? await pool.query<Row>('select * from ledger_record($1, $2, $3, $4, $5)', values)
    : await pool.query<Row>('select * from ledger_record_newest($1, $2, $3, $4, $5, $6)', [
        ...values,
        keys,
      ])
  return rows.toSorted((one, other) => one.place - other.place).map(recordedOf)
}

function recordedOf({ answer, known_state: state, again: enqueueAgain, older }: Row): Recorded {
  switch (answer) {
    case 'known':
      return { kind: answer, state, enqueueAgain }
    case 'recorded':
      return typeof older === 'string' ? { kind: answer, older } : { kind: answer }
    case 'conflict':
      return { kind: answer }
  }
}
