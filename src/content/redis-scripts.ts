/** Takes content for one owner: 1 when all of it is there, else its pieces are to be written. */
export const HOLD = `
local now = redis.call('TIME')
redis.call('ZADD', KEYS[2], now[1], ARGV[1])
if redis.call('HGET', KEYS[1], 'whole') then return 1 end
redis.call('HSET', KEYS[1], 'pieces', ARGV[2], 'bytes', ARGV[3])
return 0
`

/** All pieces are there; 0 when the owner was taken away meanwhile, and with it perhaps some of them. */
export const MARK_WHOLE = `
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'whole', '1')
return 1
`

/** Takes one owner away, and everything with the last one: then 1. */
export const LET_GO = `
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local pieces = tonumber(redis.call('HGET', KEYS[1], 'pieces') or 0)
for piece = 0, pieces - 1 do redis.call('UNLINK', KEYS[1] .. ':' .. piece) end
return redis.call('DEL', KEYS[1])
`
