import { FINAL_STATES, OPEN_STATES } from '../state.ts'
import { GRAVEST_FIRST } from '../standing.ts'

const LETTERS_IN_LUA = GRAVEST_FIRST.map(([letter]) => letter).join('')
const STATES_BY_LETTER = GRAVEST_FIRST.map(([letter, state]) => `{'${letter}', '${state}'}`)

/**
 * Lua that scripts share which change a message's overall state. They get the message's key,
 * the held prefix and the keys of its history as keys, and its id and the retention in milliseconds as first values.
 *
 * Numbers of more than 14 digits are formatted by hand: Redis may write them with an exponent.
 */
export const TRANSITION = `
local held = { uncertain = true, refused = true, expired = true }

local function overall(standing)
  for _, pair in ipairs({${STATES_BY_LETTER.join(', ')}}) do
    if string.find(standing, pair[1], 1, true) then return pair[2] end
  end
  return 'delivered'
end

-- Not at an end, no final dot has left, and something is left to try.
local function isUnsent(state, mark, standing)
  local isOpen = state == 'queued' or state == 'active' or state == 'deferred'
  return isOpen and not mark and string.find(standing, '[pq]')
end

local function replace(standing, index, letter)
  return string.sub(standing, 1, index) .. letter .. string.sub(standing, index + 2)
end

local function enter(from, to, now)
  if from == to then return end
  local connection = redis.call('HGET', KEYS[1], 'c')
  if held[from] then
    redis.call('ZREM', KEYS[2] .. from, ARGV[1])
    redis.call('ZREM', KEYS[2] .. from .. ':' .. connection, ARGV[1])
  end
  redis.call('HSET', KEYS[1], 's', to)
  if held[to] then
    redis.call('ZADD', KEYS[2] .. to, now, ARGV[1])
    redis.call('ZADD', KEYS[2] .. to .. ':' .. connection, now, ARGV[1])
    -- Only a late answer for what counted as delivered finds them expiring.
    if from == 'delivered' or from == 'cancelled' or from == 'superseded' then
      redis.call('PERSIST', KEYS[1])
      redis.call('PERSIST', KEYS[3])
    end
  end
  if to ~= 'active' and to ~= 'deferred' and not held[to] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    redis.call('PEXPIRE', KEYS[3], ARGV[2])
  end
end
`

const STATES = [...OPEN_STATES, ...FINAL_STATES].map((state) => `${state} = true`).join(', ')

/**
 * Lua: whether a record can be worked on, by its state, fence, standing and version. What cannot
 * comes from another hand or a newer version: scripts leave it as it is.
 */
export const CHECK = `
local function isUnreadable(state, fence, standing, version)
  local isKnown = ({${STATES}})[state]
  return not isKnown or version or (fence and not tonumber(fence))
    or not standing or not string.find(standing, '^[${LETTERS_IN_LUA}]+$')
end
local UNREADABLE = redis.error_reply('UNREADABLE record')
`

/** Lua: the time in milliseconds as `now`, with `time` as Redis gives it. */
export const CLOCK = `
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
`
