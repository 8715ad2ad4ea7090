import { FORGO_RESEND } from './uncertain-lua.ts'

/**
 * Lua that scripts share which must not take a message that a newer one has superseded. They get
 * what begins the keys of the newest ones as sixth key, and id and retention as first values.
 *
 * `newerThan` answers the id of the newer one, or nothing. `supersede` answers the standing: what may
 * have arrived is not sent again, and is as uncertain as before. The fence is raised, so that
 * whoever holds the claim has lost it.
 */
export const NEWEST = `
${FORGO_RESEND}
local function remember(key)
  redis.call('PEXPIRE', KEYS[6] .. key, 2 * ARGV[2])
end

local function newerThan(key)
  local newest = key and redis.call('GET', KEYS[6] .. key)
  return newest and newest ~= ARGV[1] and newest
end

local function supersede(now, standing, fence, by)
  local raised = math.max((tonumber(fence) or 0) + 1, time[1] * 1000000 + time[2])
  standing = string.gsub(string.gsub(standing, 'p', 's'), 'q', 'u')
  redis.call('HDEL', KEYS[1], 'w', 'n', 'x')
  forgoResend()
  redis.call('HSET', KEYS[1], 'p', standing, 'f', string.format('%.0f', raised), 'u', now)
  tell(now, 'n' .. by)
  return standing
end
`
