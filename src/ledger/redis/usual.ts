import type { RedisStore } from '../../store/store.ts'
import { gather } from '../../store/gather.ts'
import { MARK } from './mark-lua.ts'
import { createScript, runScript, type Answer } from './script.ts'
import { CLOCK } from './transition.ts'

/** So many are decided without letting others in between: about a millisecond. */
const AT_ONCE = 100
const VALUES_EACH = 5

/**
 * One decision of the usual path about one message, by its key: its name and four values.
 *
 * | decision | values | answer |
 * |---|---|---|
 * | `claim` | worker, connection, digest or nothing, manager or nothing | fence, standing and age in milliseconds |
 * | `mark` | fence, time for the answer, indices, a plan or nothing | 1, or 0 when it may not be sent |
 * | `deliver` | fence, last judgement, attempts to add, brief or nothing | 1 |
 *
 * Anything that is not as usual is `UNUSUAL`, with nothing written: it goes the long way.
 */
export interface Decision {
  readonly key: string
  readonly kind: 'claim' | 'mark' | 'deliver'
  readonly values: readonly [string | number, string | number, string | number, string | number]
}

export const UNUSUAL = -1

/**
 * Lua: takes a message that is as it was recorded, as nearly every one is. Whatever anybody has done
 * to it goes the long way, which says the same of this one.
 */
const CLAIM = `
local function claim(key, worker, connection, expected, manager)
  local state, fence, mark, standing, attempts, recorded, version, due, notBefore, chain, called,
    digest, spans = unpack(redis.call('HMGET', key,
      's', 'f', 'g', 'p', 'k', 't', 'v', 'q', 'T', 'K', 'M', 'd', 'H'))
  local wasTouched = fence or version or notBefore or chain or mark or due or called or attempts or spans
  local isKnown = state == 'queued' and (digest == expected or (digest and expected == ''))
  if wasTouched or not isKnown or not tonumber(recorded) then return ${UNUSUAL} end
  if not string.find(standing or '', '^p+$') then return ${UNUSUAL} end
  local raised = string.format('%.0f', time[1] * 1000000 + time[2])
  local taken = {'s', 'active', 'f', raised, 'w', worker, 'n', 1, 'u', now}
  if manager ~= '' and manager ~= connection then
    taken[#taken + 1], taken[#taken + 2] = 'M', manager
  end
  redis.call('HSET', key, unpack(taken))
  return raised .. ' ' .. standing .. ' ' .. string.format('%.0f', now - recorded)
end
`

/**
 * Lua: nearly every message ends here: its only recipient is delivered. With a brief the record is all
 * that is kept of it: what the brief tells is not kept twice.
 */
const DELIVER = `
local function deliver(key, holder, last, attempt, brief)
  local state, fence, standing, attempts, entries =
    unpack(redis.call('HMGET', key, 's', 'f', 'p', 'k', 'e'))
  if state ~= 'active' or fence ~= holder or standing ~= 'p' then return ${UNUSUAL} end
  if brief ~= '' and (entries or attempts) then return ${UNUSUAL} end
  if brief ~= '' then
    redis.call('HDEL', key, 'n', 'b', 'g', 'i', 'z', 'x', 'j0')
    redis.call('HSET', key, 's', 'delivered', 'p', 'd', 'u', now, 'h', brief)
  else
    redis.call('HDEL', key, 'n', 'b', 'g', 'i', 'z', 'x', 'j0', 'w')
    redis.call('HSET', key, 's', 'delivered', 'p', 'd', 'u', now,
      'l', last, 'k', (attempts or 0) + attempt)
  end
  redis.call('PEXPIRE', key, ARGV[1])
  return 1
end
`

/** Values: the retention, then name and values of each decision, whose messages are the keys. */
const SCRIPT = createScript(`
${CLOCK}
${CLAIM}
${MARK}
${DELIVER}
local ways = {claim = claim, mark = mark, deliver = deliver}
local answers = {}
for place, key in ipairs(KEYS) do
  local at = ${VALUES_EACH} * place - ${VALUES_EACH - 2}
  -- One that cannot be read is no fault of the others.
  local isRun, answer = pcall(ways[ARGV[at]], key, unpack(ARGV, at + 1, at + ${VALUES_EACH - 1}))
  answers[place] = isRun and answer or ${UNUSUAL}
end
return answers
`)

/** Takes decisions of the usual path, those of one turn of the event loop in one script. */
export type Usual = (decision: Decision) => Promise<string | number>

export function createUsual(
  { client, atTurnsEnd }: Pick<RedisStore, 'client' | 'atTurnsEnd'>,
  retentionMs: number,
): Usual {
  return gather(atTurnsEnd, AT_ONCE, async (decisions: readonly Decision[]) => {
    const keys = decisions.map(({ key }) => key)
    const values = decisions.flatMap(({ kind, values: each }) => [kind, ...each])
    const answer = await runScript(client, SCRIPT, keys, [retentionMs, ...values])
    return answersIn(answer, decisions.length)
  })
}

function answersIn(answer: Answer, count: number): readonly (string | number)[] {
  const answers = typeof answer === 'object' ? answer : []
  return Array.from({ length: count }, (_, at) => answers[at] ?? UNUSUAL)
}
