import type { Redis } from 'ioredis'

import { encodePlan, type UncertainPlan } from '../uncertain.ts'
import type { RedisKeys } from './keys.ts'
import { MARK } from './mark-lua.ts'
import { createScript, decide } from './script.ts'
import { CLOCK } from './transition.ts'
import { UNUSUAL, type Usual } from './usual.ts'

/** Values: fence, time for the answer, indices, and a plan or nothing. */
const SCRIPT = createScript(`
${CLOCK}
${MARK}
return mark(KEYS[1], unpack(ARGV))
`)

/** Writes "the final dot follows"; false when the claim is gone or a recipient is not pending. */
export async function mark(
  client: Redis,
  usual: Usual,
  keys: RedisKeys,
  id: string,
  fence: number,
  recipients: readonly number[],
  answerWithinMs: number,
  plan?: UncertainPlan,
): Promise<boolean> {
  if (recipients.length === 0) return false
  const key = keys.record(id)
  const encoded = plan === undefined ? '' : encodePlan(plan)
  const values = [fence, Math.ceil(answerWithinMs), recipients.join(','), encoded] as const
  const answer = await usual({ key, kind: 'mark', values })
  if (answer !== UNUSUAL) return answer === 1
  return (await decide(client, SCRIPT, id, [key], values)) === 1
}
