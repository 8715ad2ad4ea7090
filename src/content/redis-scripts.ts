/** Takes content for one owner: 1 when all of it is there, else its pieces are to be written. */
export const HOLD = `
local now = redis.call('TIME')
redis.call('ZADD', KEYS[2], now[1] * 1000000 + now[2], ARGV[1])
if redis.call('HGET', KEYS[1], 'whole') then return 1 end
redis.call('HSET', KEYS[1], 'pieces', ARGV[2], 'bytes', ARGV[3])
return 0
`

/**
 * All pieces of an upload are there, and from now on they are the content, unless another upload was
 * quicker; 0 when the owner was taken away meanwhile, or a piece has run out of its time.
 */
export const MARK_WHOLE = `
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
local pieces = tonumber(redis.call('HGET', KEYS[1], 'pieces'))
local function each(call)
  local count = 0
  for piece = 0, pieces - 1 do
    count = count + redis.call(call, KEYS[1] .. ':' .. ARGV[2] .. ':' .. piece)
  end
  return count
end
if redis.call('HGET', KEYS[1], 'whole') then
  each('UNLINK')
  return 1
end
if each('EXISTS') < pieces then return 0 end
each('PERSIST')
redis.call('HSET', KEYS[1], 'whole', ARGV[2])
return 1
`

/** Takes the bytes of an upload away that turned out to be damaged: the next one takes its place. */
export const DROP = `
if redis.call('HGET', KEYS[1], 'whole') ~= ARGV[1] then return 0 end
local pieces = tonumber(redis.call('HGET', KEYS[1], 'pieces') or 0)
for piece = 0, pieces - 1 do redis.call('UNLINK', KEYS[1] .. ':' .. ARGV[1] .. ':' .. piece) end
return redis.call('HDEL', KEYS[1], 'whole')
`

/**
 * Takes one owner away, and everything with the last one: then 1. An owner that was put later than
 * the second argument stays: then -1.
 */
export const LET_GO = `
local at = redis.call('ZSCORE', KEYS[2], ARGV[1])
if at and ARGV[2] ~= '' and tonumber(at) > tonumber(ARGV[2]) then return -1 end
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local whole = redis.call('HGET', KEYS[1], 'whole')
local pieces = tonumber(redis.call('HGET', KEYS[1], 'pieces') or 0)
if whole then
  for piece = 0, pieces - 1 do redis.call('UNLINK', KEYS[1] .. ':' .. whole .. ':' .. piece) end
end
return redis.call('DEL', KEYS[1])
`

/** Takes away what an upload has written, unless that is the content. */
export const DISCARD = `
if redis.call('HGET', KEYS[1], 'whole') == ARGV[1] then return 0 end
for piece = 0, ARGV[2] - 1 do redis.call('UNLINK', KEYS[1] .. ':' .. ARGV[1] .. ':' .. piece) end
return 1
`

/**
 * Puts a content on the list, and its bytes into the sum under the empty name. A list that has begun
 * without a sum gets one by being counted.
 */
export const LIST = `
local before = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('HLEN', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], '', ARGV[2])
elseif redis.call('HEXISTS', KEYS[1], '') == 1 then
  redis.call('HINCRBY', KEYS[1], '', string.format('%.0f', ARGV[2] - (before or 0)))
end
return 1
`

/** Takes a content off the list. */
export const STRIKE = `
local bytes = redis.call('HGET', KEYS[1], ARGV[1])
if not bytes then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('HEXISTS', KEYS[1], '') == 1 then redis.call('HINCRBY', KEYS[1], '', '-' .. bytes) end
return 1
`

/** Writes the sum as it was counted, unless it has changed since. Values: the sum before, and now. */
export const COUNT_ANEW = `
if (redis.call('HGET', KEYS[1], '') or '') ~= ARGV[1] then return 0 end
return redis.call('HSET', KEYS[1], '', ARGV[2])
`
