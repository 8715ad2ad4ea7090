import type { Redis } from 'ioredis'

import type { NewRecord, Recorded } from '../ledger.ts'
import { parseState } from '../state.ts'
import type { RedisKeys } from './keys.ts'
import { CLOCK } from './transition.ts'
import { createScript, decide } from './script.ts'

/** Lua that scripts share which write a new record. */
export const WRITE_RECORD = `
local function writeRecord(key, now, connection, messageId, digest, recipients, standing)
  redis.call('HSET', key, 'c', connection, 'm', messageId, 'd', digest, 'r', recipients,
    'p', standing, 's', 'queued', 't', now, 'u', now)
end
`

/**
 * Values: connection, Message-ID, digest, recipients, their standing, id, the job to keep a copy of or
 * nothing, how long its `supersedes` is known, and that or nothing.
 *
 * Only a new record becomes the newest one: whoever asks for it again changes nothing.
 */
const SCRIPT = createScript(`
local known = redis.call('HMGET', KEYS[1], 's', 'd', 'f')
${CLOCK}
${WRITE_RECORD}
local function keep()
  if ARGV[7] == '' then return end
  redis.call('HSET', KEYS[2], ARGV[6], ARGV[7])
  redis.call('ZADD', KEYS[3], now, ARGV[6])
end
if not known[1] then
  keep()
  writeRecord(KEYS[1], now, ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
  if not ARGV[9] then return 1 end
  redis.call('HSET', KEYS[1], 'K', ARGV[9])
  return redis.call('SET', KEYS[4], ARGV[6], 'PX', ARGV[8], 'GET') or 1
end
if not known[2] then
  redis.call('HSET', KEYS[1], 'm', ARGV[2], 'd', ARGV[3])
elseif known[2] ~= ARGV[3] then
  return 0
end
local again = known[1] == 'queued' and not known[3]
if again then keep() end
return {known[1], again and 1 or 0}
`)

/** Records a message, unless it is known; a record that a claim had to create is completed. */
export async function record(
  client: Redis,
  keys: RedisKeys,
  retentionMs: number,
  entry: NewRecord,
): Promise<Recorded> {
  const { supersedes } = entry
  const answer = await decide(
    client,
    SCRIPT,
    entry.id,
    [keys.record(entry.id), ...keys.outbox, keys.newest(supersedes ?? '')],
    [
      ...valuesOf(entry),
      entry.id,
      entry.copy === undefined ? '' : JSON.stringify(entry.copy),
      2 * retentionMs,
      ...(supersedes === undefined ? [] : [supersedes]),
    ],
  )
  return recordedOf(answer, entry.id)
}

/** Of one record, what every script takes that writes a new one. */
export function valuesOf(entry: NewRecord): readonly string[] {
  const { connection, digest, recipients } = entry
  const standing = 'p'.repeat(recipients.length)
  return [connection, shortMessageId(entry), digest, recipients.join('\n'), standing]
}

/** What such a script has answered for one record. */
export function recordedOf(answer: unknown, id: string): Recorded {
  if (answer === 1) return { kind: 'recorded' }
  if (answer === 0) return { kind: 'conflict' }
  if (typeof answer === 'string') return { kind: 'recorded', older: answer }
  const [state, again]: readonly unknown[] = Array.isArray(answer) ? answer : []
  return { kind: 'known', state: parseState(state, id), enqueueAgain: again === 1 }
}

/** Message-IDs begin with the id, as a rule: the key has it already. */
function shortMessageId({ id, messageId }: NewRecord): string {
  const start = `<${id}@`
  return messageId.startsWith(start) ? messageId.slice(start.length - 1, -1) : messageId
}

/** The Message-ID of which `shortMessageId` made `short`. */
export function wholeMessageId(id: string, short: string): string {
  return short.startsWith('@') ? `<${id}${short}>` : short
}
