import type { Redis } from 'ioredis'

import type { JobCopy, StrandedJob } from '../upkeep.ts'
import type { RedisKeys } from './keys.ts'
import { createScript, runScript } from './script.ts'
import { CLOCK } from './transition.ts'

/** Lets go the copies of jobs that are in their queues. */
export async function enqueued(
  client: Redis,
  { outbox: [jobs, since] }: RedisKeys,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return
  await Promise.all([client.hdel(jobs, ...ids), client.zrem(since, ...ids)])
}

/** Values: age in milliseconds, limit. Answers ids and jobs in turn. */
const STRANDED = createScript(`
${CLOCK}
local ids = redis.call('ZRANGE', KEYS[2], '-inf', now - ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
local found = {}
for _, id in ipairs(ids) do
  found[#found + 1] = id
  found[#found + 1] = redis.call('HGET', KEYS[1], id) or ''
end
return found
`)

/** The copies that were kept for longer than `forMs`, the oldest first. */
export async function stranded(
  client: Redis,
  keys: RedisKeys,
  forMs: number,
  limit: number,
): Promise<readonly StrandedJob[]> {
  const answer = await runScript(client, STRANDED, keys.outbox, [Math.ceil(forMs), limit])
  const flat = typeof answer === 'object' ? answer.map(String) : []
  const found: Promise<StrandedJob>[] = []
  for (let at = 0; at + 1 < flat.length; at += 2) {
    found.push(strandedOf(client, keys, flat[at] ?? '', flat[at + 1] ?? ''))
  }
  return Promise.all(found)
}

async function strandedOf(
  client: Redis,
  keys: RedisKeys,
  id: string,
  text: string,
): Promise<StrandedJob> {
  const [state, connection, fence] = await client.hmget(keys.record(id), 's', 'c', 'f')
  const copy = parseCopy(text)
  const isUnclaimed = copy !== undefined && state === 'queued' && (fence ?? null) === null
  return { id, connection: connection ?? '', copy, isUnclaimed }
}

function parseCopy(text: string): JobCopy | undefined {
  if (text === '') return undefined
  const copy: unknown = JSON.parse(text)
  return isCopy(copy) ? copy : undefined
}

function isCopy(copy: unknown): copy is JobCopy {
  return typeof copy === 'object' && copy !== null && 'data' in copy && 'priority' in copy
}
