import type { RedisStore } from '../store/store.ts'
import type { RequestedJob } from './queues.ts'

/** Which jobs go: those of the request, or those that are in its way. */
export type Removal = 'same' | 'other'

/**
 * BullMQ removes by id only. Key: the queue's. Values: which, then ids and digests in turn; no
 * request has an empty digest. A job that runs is in none of the sorted sets, and stays.
 */
const SCRIPT = `
  local removed = 0
  for at = 2, #ARGV, 2 do
    local id, digest = ARGV[at], ARGV[at + 1]
    local key = KEYS[1] .. ':' .. id
    local data = redis.call('HGET', key, 'data')
    if data then
      local isRead, job = pcall(cjson.decode, data)
      local found = isRead and type(job) == 'table' and job['digest'] or ''
      local goes = found == digest
      if ARGV[1] == 'other' then
        goes = not goes or redis.call('ZSCORE', KEYS[1] .. ':failed', id)
      end
      local places = 0
      if goes then
        for _, state in ipairs({ 'failed', 'prioritized', 'delayed' }) do
          places = places + redis.call('ZREM', KEYS[1] .. ':' .. state, id)
        end
      end
      if places > 0 then
        redis.call('DEL', key, key .. ':logs')
        removed = removed + 1
      end
    end
  end
  return removed
`

/** Removes jobs of a queue, each by a decision of the store, and says how many. */
export async function runRemoval(
  { client, spreadPrefix }: RedisStore,
  queue: string,
  which: Removal,
  jobs: readonly RequestedJob[],
): Promise<number> {
  const values = jobs.flatMap(({ id, digest = '' }) => [id, digest])
  return Number(await client.eval(SCRIPT, 1, `${spreadPrefix}:${queue}`, which, ...values))
}
