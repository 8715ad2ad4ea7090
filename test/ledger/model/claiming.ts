import { pendingIn } from '../../../src/ledger/standing.ts'
import type { PlanDone } from '../../../src/ledger/uncertain.ts'
import type { Answer, Deed } from './deed.ts'
import { plan, settleUncertain, supersede } from './deciding.ts'
import { isOpen, newerThan, newMessage, overall, replaceAt, type World } from './message.ts'
import { CONNECTION, recipientsOf } from './perform.ts'

type ClaimDeed = Extract<Deed, { readonly kind: 'claim' }>

/** Takes a message; the fence is the store's to say, so long as it grows. */
export function claim(world: World, deed: ClaimDeed, answer: Answer): Answer {
  const { id } = deed
  const message = (world.messages[id] ??= newMessage(recipientsOf(id).length))
  if (message.digest !== undefined && message.digest !== deed.digest) return { kind: 'conflict' }
  if (!isOpen(message) && message.plan === undefined) return ended(world, id, 0, null)
  if (message.mark?.isOver === false) return { kind: 'in-doubt' }

  const hasDied = message.state === 'active' && message.mark === undefined
  const turned = turn(world, id)
  // The final dot was what the claim came to.
  if (turned > 0 && !/[pq]/.test(message.standing)) message.claims = 0
  if (newerThan(world, id) !== undefined && message.plan?.way === 'resend') message.plan = undefined
  const done = doPlan(world, id, turned)
  if (newerThan(world, id) !== undefined && /[pq]/.test(message.standing)) {
    supersede(world, id)
    return ended(world, id, turned, done)
  }
  if (!/[pq]/.test(message.standing)) {
    if (hasDied) message.entries.push('died')
    if (isOpen(message)) message.claims = 0
    message.state = overall(message.standing)
    return ended(world, id, turned, done)
  }
  // Whoever is refused below leaves it to wait.
  if (turned > 0 || done !== null) message.state = hasDied ? message.state : 'deferred'
  if (message.isEarly) return { kind: 'early' }
  const mayHaveGone = /[uq]/.test(message.standing)
  const { manager = CONNECTION } = message
  if (deed.manager !== undefined && manager !== deed.manager) {
    if (mayHaveGone) return { kind: 'elsewhere', manager, turned, done }
  }
  if (hasDied) message.entries.push('died')
  if (!mayHaveGone) message.manager = deed.manager === CONNECTION ? undefined : deed.manager
  message.claims += 1
  message.state = 'active'
  message.isClaimed = true
  const isNewer = isClaimed(answer) && answer.fence > message.lastFence
  message.fence = isNewer ? answer.fence : Number.NaN
  message.lastFence = message.fence
  const { fence, attempts, claims, breaks, isRescheduled, standing } = message
  const counts = { attempts, claims, breaks, turned }
  return { kind: 'claimed', fence, pending: pendingIn(standing), ...counts, done, isRescheduled }
}

/** What was marked and never answered may have arrived; answers how many recipients that were. */
function turn(world: World, id: string): number {
  const message = world.messages[id]
  const mark = message?.mark
  if (message === undefined || mark === undefined) return 0
  let turned = 0
  for (const index of mark.indices) {
    if (!/[pq]/.test(message.standing[index] ?? '')) continue
    message.standing = replaceAt(message.standing, index, 'u')
    message.turnedBy[index] = message.lastFence
    turned += 1
  }
  message.entries.push('turned-uncertain')
  message.mark = undefined
  if (turned > 0) plan(message, mark.plan, true)
  return turned
}

function doPlan(world: World, id: string, turned: number): PlanDone | null {
  const message = world.messages[id]
  if (message?.plan?.isDue !== true) return null
  const { way } = message.plan
  const recipients = settleUncertain(message, way, true)
  if (way === 'resend' && turned > 0) message.attempts += 1
  return { way, recipients }
}

function ended(world: World, id: string, turned: number, done: PlanDone | null): Answer {
  const { state = 'queued', plan: left } = world.messages[id] ?? {}
  return { kind: 'settled', state, turned, done, isPlanned: left !== undefined }
}

function isClaimed(answer: Answer): answer is Extract<Answer, { readonly fence: number }> {
  return typeof answer === 'object' && 'fence' in answer
}
