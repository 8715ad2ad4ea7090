import type { Redis } from 'ioredis'

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

/** Records messages, each unless it is known: those that need no more than their record together. */
export async function recordMany(
  client: Redis,
  keys: RedisKeys,
  retentionMs: number,
  entries: readonly NewRecord[],
): Promise<readonly Recorded[]> {
  const areSimple = entries.every(
    ({ copy, supersedes }) => copy === undefined && supersedes === undefined,
  )
  if (!areSimple || entries.length === 1) {
    return Promise.all(entries.map((entry) => record(client, keys, retentionMs, entry)))
  }
  const groups: Promise<readonly Recorded[]>[] = []
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    groups.push(recordGroup(client, keys, entries.slice(at, at + AT_ONCE)))
  }
  return (await Promise.all(groups)).flat()
}

async function recordGroup(
  client: Redis,
  keys: RedisKeys,
  entries: readonly NewRecord[],
): Promise<readonly Recorded[]> {
  const names = entries.map(({ id }) => keys.record(id))
  const answer: unknown = await runScript(client, SCRIPT, names, entries.flatMap(valuesOf))
  const answers: readonly unknown[] = Array.isArray(answer) ? answer : []
  return entries.map(({ id }, at) => {
    if (answers[at] === -1) throw new RecordUnreadableError(id, 'a record of this version')
    return recordedOf(answers[at], id)
  })
}
