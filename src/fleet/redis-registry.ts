import type { RedisStore } from '../store/store.ts'
import { GONE_AFTER_MS, type KnownName, type LiveWorker, type Registry } from './fleet.ts'
import { encodeSign, parseSign } from './worker-sign.ts'

/**
 * The registry on Redis, under the store's prefix and a dash, apart from the queues:
 *
 * | key | type | content |
 * |---|---|---|
 * | `-fleet:used` `-fleet:served` | sorted set | names by the millisecond of their last use and service |
 * | `-fleet:seen` | sorted set | worker ids by the millisecond of their last sign of life |
 * | `-fleet:workers` | hash | what each worker says of itself, as JSON |
 */
export function createRedisRegistry({ client, prefix }: RedisStore): Registry {
  const keyOf = (what: string): string => `${prefix}-fleet:${what}`
  const used = keyOf('used')
  const served = keyOf('served')
  const both = [keyOf('seen'), keyOf('workers')]
  const run = (script: string, keys: readonly string[], values: readonly (string | number)[]) =>
    client.eval(script, keys.length, ...keys, ...values)

  return {
    note: async (names) => void (names.length > 0 && (await run(NOTE, [used], names))),
    serve: async (names) => void (names.length > 0 && (await run(NOTE, [used, served], names))),
    beat: async (worker) => void (await run(BEAT, both, [worker.id, encodeSign(worker)])),
    leave: async (id) => void (await run(LEAVE, both, [id])),
    list: async () => {
      const answer = await run(LIST, [used, served, ...both], [GONE_AFTER_MS])
      const [useTimes = [], serviceTimes = [], workers = []] = listsOf(answer)
      return { names: namesOf(useTimes, serviceTimes), workers: workersOf(workers) }
    },
    forget: async (name, unusedForMs) =>
      (await run(FORGET, [used, served], [name, unusedForMs])) === 1,
  }
}

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

const NOTE = `${NOW}
for _, name in ipairs(ARGV) do
  for _, key in ipairs(KEYS) do redis.call('ZADD', key, now, name) end
end
`

/** Whoever is gone for an hour is forgotten by the others. */
const BEAT = `${NOW}
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now - 3600000, 'BYSCORE', 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
end
`

const LEAVE = `
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
`

/** A worker is three elements: its id, when it was seen, and what it says of itself. */
const LIST = `${NOW}
local seen = redis.call('ZRANGE', KEYS[3], now - ARGV[1], '+inf', 'BYSCORE', 'WITHSCORES')
local workers = {}
for i = 1, #seen, 2 do
  workers[#workers + 1] = seen[i]
  workers[#workers + 1] = seen[i + 1]
  workers[#workers + 1] = redis.call('HGET', KEYS[4], seen[i]) or ''
end
return {
  redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'),
  redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'),
  workers,
}
`

const FORGET = `${NOW}
local at = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not at or tonumber(at) > now - ARGV[2] then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
`

function listsOf(answer: unknown): readonly (readonly string[])[] {
  return Array.isArray(answer) ? answer : []
}

function namesOf(used: readonly string[], served: readonly string[]): readonly KnownName[] {
  const servedAt = new Map(pairsOf(served))
  return pairsOf(used)
    .map(([name, usedAt]) => ({ name, usedAt, servedAt: servedAt.get(name) }))
    .toSorted((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)))
}

function pairsOf(flat: readonly string[]): readonly (readonly [member: string, at: Date])[] {
  return chunksOf(flat, 2).map(([member = '', at]) => [member, new Date(Number(at))])
}

function workersOf(flat: readonly string[]): readonly LiveWorker[] {
  return chunksOf(flat, 3).flatMap(([id = '', seen, text = '']) => {
    const sign = parseSign(id, text)
    return sign === undefined ? [] : [{ ...sign, seenAt: new Date(Number(seen)) }]
  })
}

function chunksOf(flat: readonly string[], size: number): readonly (readonly string[])[] {
  return Array.from({ length: Math.floor(flat.length / size) }, (_, at) =>
    flat.slice(at * size, (at + 1) * size),
  )
}
