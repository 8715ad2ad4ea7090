import type { Redis } from 'ioredis'

/**
 * BullMQ gives all jobs that return to the head of a priority the same score, so that they come
 * back in the order of their ids, and wakes nobody. Here each goes before the first of its class:
 * given newest first, they end in the order they had. A class is 2^32 wide, and ours are far apart.
 */
const SCRIPT = `
  local width = 4294967296
  for i, id in ipairs(ARGV) do
    local score = redis.call('ZSCORE', KEYS[1], id)
    if score then
      local class = math.floor(tonumber(score) / width + 0.5) * width
      local first = redis.call('ZRANGEBYSCORE', KEYS[1], class - width / 2, class + width, 'WITHSCORES', 'LIMIT', 0, 1)
      redis.call('ZADD', KEYS[1], string.format('%.0f', math.min(tonumber(first[2]), class) - 1), id)
    end
  end
  if redis.call('ZCARD', KEYS[1]) > 0 and redis.call('HEXISTS', KEYS[3], 'paused') == 0 then
    redis.call('ZADD', KEYS[2], 0, '0')
  end
  return 1
`

/** Restores the order of jobs that went back to `queue` (its key), and wakes a waiting worker. */
export async function restoreOrder(
  client: Redis,
  queue: string,
  newestFirst: readonly string[],
): Promise<void> {
  const keys = [`${queue}:prioritized`, `${queue}:marker`, `${queue}:meta`]
  await client.eval(SCRIPT, keys.length, ...keys, ...newestFirst)
}
