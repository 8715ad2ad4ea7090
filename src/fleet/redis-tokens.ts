import type { RedisStore } from '../store/store.ts'
import type { TokenRecords } from './token-records.ts'

/** The text of an item whose life is not over. */
const READ = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends, text = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+) (.*)$')
if ends and tonumber(ends) > now then return text end
return false
`

/** The key lives as long as the item that lives longest; what is over goes with the next write. */
const REPLACE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = ''
local longest = 0
local items = redis.call('HGETALL', KEYS[1])
for i = 1, #items, 2 do
  local ends, text = string.match(items[i + 1], '^(%d+) (.*)$')
  local left = tonumber(ends or '0') - now
  if left <= 0 then redis.call('HDEL', KEYS[1], items[i])
  elseif items[i] == ARGV[1] then held = text
  elseif left > longest then longest = left end
end
if held ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1])
else
  local life = tonumber(ARGV[4])
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + life) .. ' ' .. ARGV[3])
  if life > longest then longest = life end
end
redis.call('PEXPIRE', KEYS[1], longest)
return 1
`

/** Tokens on Redis: a hash for each manager, `PREFIX-token:NAME`, which ends with its last item. */
export function tokenRecordsOnRedis({ client, prefix }: RedisStore): TokenRecords {
  const keyOf = (manager: string): string => `${prefix}-token:${manager}`
  return {
    read: async ({ manager, item }) => {
      const text = await client.eval(READ, 1, keyOf(manager), item)
      return typeof text === 'string' ? text : undefined
    },
    replace: async ({ manager, item }, before = '', after) => {
      const { text = '', lifeMs = 0 } = after ?? {}
      const values = [item, before, text, String(Math.ceil(lifeMs))]
      return (await client.eval(REPLACE, 1, keyOf(manager), ...values)) === 1
    },
    ends: async (manager) => {
      const items = Object.entries(await client.hgetall(keyOf(manager)))
      return new Map(items.map(([item, value]) => [item, Number.parseInt(value, 10)]))
    },
  }
}
