import type { RedisStore } from '../store/store.ts'
import type { BudgetKind, BudgetRecords, RecordChange, VersionedRecord } from './budget-records.ts'

/** The records, then the store's clock in seconds and microseconds. */
const READ = `
local time = redis.call('TIME')
local records = redis.call('HMGET', KEYS[1], unpack(ARGV))
for i = 1, #ARGV do records[i] = records[i] or '' end
records[#ARGV + 1] = time[1]
records[#ARGV + 2] = time[2]
return records
`

/** By threes: the manager, its version before, and its record, which begins with the new version. */
const REPLACE = `
local written = {}
for i = 1, #ARGV, 3 do
  local before = redis.call('HGET', KEYS[1], ARGV[i])
  local version = before and string.match(before, '^%d+') or '0'
  if version == ARGV[i + 1] then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    written[#written + 1] = ARGV[i]
  end
end
return written
`

/** Lua unpacks only so many. */
const CHUNK = 1_000

/** Budgets on Redis: one hash for each kind, `PREFIX-fleet:KIND`, a field per manager. */
export function budgetRecordsOnRedis(
  { client, prefix }: RedisStore,
  kind: BudgetKind,
): BudgetRecords {
  const key = `${prefix}-fleet:${kind}`
  return {
    read: async (managers) => {
      const records = new Map<string, VersionedRecord>()
      let nowMs = 0
      for (let at = 0; at < managers.length; at += CHUNK) {
        const some = managers.slice(at, at + CHUNK)
        const answer = stringsOf(await client.eval(READ, 1, key, ...some))
        nowMs = Number(answer.at(-2)) * 1_000 + Number(answer.at(-1)) / 1_000
        for (const [index, manager] of some.entries()) keep(records, manager, answer[index] ?? '')
      }
      return { nowMs, records }
    },
    replace: async (changes) => {
      const written = new Set<string>()
      for (let at = 0; at < changes.length; at += CHUNK) {
        const values = changes.slice(at, at + CHUNK).flatMap(valuesOf)
        for (const manager of stringsOf(await client.eval(REPLACE, 1, key, ...values))) {
          written.add(manager)
        }
      }
      return written
    },
    all: async () => {
      const records = new Map<string, VersionedRecord>()
      for (const [manager, value] of Object.entries(await client.hgetall(key))) {
        keep(records, manager, value)
      }
      return records
    },
  }
}

function valuesOf({ manager, version, text }: RecordChange): readonly string[] {
  return [manager, String(version - 1), `${version} ${text}`]
}

function keep(records: Map<string, VersionedRecord>, manager: string, value: string): void {
  const at = value.indexOf(' ')
  if (at === -1) return
  records.set(manager, { version: Number(value.slice(0, at)), text: value.slice(at + 1) })
}

function stringsOf(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : []
}
