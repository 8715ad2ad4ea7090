import type { Redis } from 'ioredis'

import { encodePlan, type UncertainPlan } from '../uncertain.ts'
import type { RedisKeys } from './keys.ts'
import { createScript, decide } from './script.ts'
import { CLOCK } from './transition.ts'

/** Values: fence, time for the answer, indices, and a plan or nothing. */
const SCRIPT = createScript(`
local state, fence, mark, standing = unpack(redis.call('HMGET', KEYS[1], 's', 'f', 'g', 'p'))
if state ~= 'active' or fence ~= ARGV[1] or mark then return 0 end
for index in string.gmatch(ARGV[3], '%d+') do
  if not string.find(string.sub(standing, index + 1, index + 1), '[pq]') then return 0 end
end
${CLOCK}
local written = {'g', string.format('%.0f', now + ARGV[2]), 'i', ARGV[3]}
if ARGV[4] then written[5], written[6] = 'z', ARGV[4] end
redis.call('HSET', KEYS[1], unpack(written))
return 1
`)

/** Writes "the final dot follows"; false when the claim is gone or a recipient is not pending. */
export async function mark(
  client: Redis,
  keys: RedisKeys,
  id: string,
  fence: number,
  recipients: readonly number[],
  answerWithinMs: number,
  plan?: UncertainPlan,
): Promise<boolean> {
  if (recipients.length === 0) return false
  const values = [fence, Math.ceil(answerWithinMs), recipients.join(',')]
  if (plan !== undefined) values.push(encodePlan(plan))
  return (await decide(client, SCRIPT, id, [keys.record(id)], values)) === 1
}
