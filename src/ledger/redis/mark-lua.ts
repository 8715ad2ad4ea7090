/** Lua: writes that the final dot follows; needs the clock. */
export const MARK = `
local function mark(key, holder, answerWithin, indices, plan)
  local state, fence, marked, standing = unpack(redis.call('HMGET', key, 's', 'f', 'g', 'p'))
  if state ~= 'active' or fence ~= holder or marked then return 0 end
  for index in string.gmatch(indices, '%d+') do
    if not string.find(string.sub(standing, index + 1, index + 1), '[pq]') then return 0 end
  end
  local written = {'g', string.format('%.0f', now + answerWithin), 'i', indices}
  if plan ~= '' then written[5], written[6] = 'z', plan end
  redis.call('HSET', key, unpack(written))
  return 1
end
`
