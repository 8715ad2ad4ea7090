import type { Redis } from 'ioredis'

import { gather } from '../../store/gather.ts'
import type { RedisStore } from '../../store/store.ts'
import { RecordUnreadableError } from '../errors.ts'
import type { NewRecord, Recorded } from '../ledger.ts'
import type { RedisKeys } from './keys.ts'
import { record, recordedOf, valuesOf, WRITE_RECORD } from './record.ts'
import { createScript, runScript } from './script.ts'
import { CLOCK } from './transition.ts'

/** So many are written without letting others in between: well under a millisecond. */
const AT_ONCE = 100
const VALUES_EACH = 5

/**
 * As the script of `record`, for many messages that have neither copy nor `supersedes`. Values: five of
 * each, as there.
 */
const SCRIPT = createScript(`
${CLOCK}
${WRITE_RECORD}
local answers = {}
for place, key in ipairs(KEYS) do
  local connection, messageId, digest, recipients, standing =
    unpack(ARGV, ${VALUES_EACH} * (place - 1) + 1, ${VALUES_EACH} * place)
  local known = redis.pcall('HMGET', key, 's', 'd', 'f')
  -- Whatever else is wrong is wrong for all.
  if known.err and not string.find(known.err, 'WRONGTYPE', 1, true) then return known end
  if known.err then
    answers[place] = -1
  elseif not known[1] then
    writeRecord(key, now, connection, messageId, digest, recipients, standing)
    answers[place] = 1
  elseif known[2] and known[2] ~= digest then
    answers[place] = 0
  else
    if not known[2] then redis.call('HSET', key, 'm', messageId, 'd', digest) end
    answers[place] = {known[1], known[1] == 'queued' and not known[3] and 1 or 0}
  end
end
return answers
`)

/** Records messages that need no more than their record, those of one turn of the event loop in one script. */
export type RecordSimple = (entry: NewRecord) => Promise<Recorded>

export function createRecordSimple(
  { client, atTurnsEnd }: Pick<RedisStore, 'client' | 'atTurnsEnd'>,
  keys: RedisKeys,
): RecordSimple {
  const ask = gather(atTurnsEnd, AT_ONCE, async (entries: readonly NewRecord[]) => {
    const names = entries.map(({ id }) => keys.record(id))
    const answer: unknown = await runScript(client, SCRIPT, names, entries.flatMap(valuesOf))
    const answers: readonly unknown[] = Array.isArray(answer) ? answer : []
    return entries.map((_, at) => answers[at])
  })
  return async (entry) => {
    const answer = await ask(entry)
    if (answer === -1) throw new RecordUnreadableError(entry.id, 'a record of this version')
    return recordedOf(answer, entry.id)
  }
}

/** Records messages, each unless it is known. */
export function recordMany(
  client: Redis,
  simple: RecordSimple,
  keys: RedisKeys,
  retentionMs: number,
  entries: readonly NewRecord[],
): Promise<readonly Recorded[]> {
  return Promise.all(
    entries.map((entry) =>
      entry.copy === undefined && entry.supersedes === undefined
        ? simple(entry)
        : record(client, keys, retentionMs, entry),
    ),
  )
}
