import { letterOf } from '../../../src/ledger/standing.ts'
import type { Settlement } from '../../../src/ledger/ledger.ts'
import type { Answer } from './deed.ts'
import { plan, settleUncertain } from './deciding.ts'
import { overall, replaceAt, type Message } from './message.ts'

/** Ends an attempt, by whoever holds the message or comes late. */
export function settle(
  message: Message | undefined,
  fence: number,
  settlement: Settlement,
): Answer {
  if (message === undefined) return { applied: false, state: 'queued', isPlanned: false }
  const holds = message.state === 'active' && message.fence === fence
  const { standing, isLate } = holds
    ? { standing: heldStanding(message, settlement), isLate: false }
    : lateStanding(message, fence, settlement)
  if (!holds && standing === undefined) return unchanged(message, fence, isLate, settlement)

  const more = holds && settlement.more === true
  const { mark, state: before } = message
  const turned = settlement.outcomes.some(
    ({ index, state }) => state === 'uncertain' && /[pq]/.test(message.standing[index] ?? ''),
  )
  message.standing = standing ?? message.standing
  if (holds) {
    message.mark = undefined
    message.claims = 0
    if (settlement.isAttempt && settlement.more !== true) {
      message.breaks = settlement.isBreak === true ? message.breaks + 1 : 0
    }
  }
  if (holds && turned) plan(message, mark?.plan, mark?.isOver ?? true)
  else if (!message.standing.includes('u')) {
    message.plan = undefined
    message.isHeld = false
  }
  if (!/[uq]/.test(message.standing)) message.resends = 0
  if (!more && settlement.isAttempt) message.attempts += 1
  const stays = more || (before === 'active' && !holds)
  message.state = stays ? 'active' : overall(message.standing)
  tell(message, fence, settlement, holds ? 'settled' : 'late')
  if (settlement.note === undefined && settlement.rest && holds) message.entries.push('ended')

  const isDue = message.plan?.isDue === true && message.plan.way === 'accept'
  const accepted = isDue && !stays ? settleUncertain(message, 'accept', true) : 0
  if (accepted > 0) message.state = overall(message.standing)
  return {
    applied: true,
    state: message.state,
    ...(!holds && { isLate: true }),
    ...(accepted > 0 && { accepted }),
    isPlanned: message.state === 'uncertain' && message.plan !== undefined,
  }
}

/** The holder moves what is pending; what may have arrived before is never pending for good again. */
function heldStanding(message: Message, { outcomes, rest }: Settlement): string {
  let { standing } = message
  for (const { index, state } of outcomes) {
    const current = standing[index] ?? ''
    if (!/[pq]/.test(current)) continue
    const letter = state === 'pending' ? current : letterOf(state)
    standing = replaceAt(standing, index, letter)
  }
  return rest === undefined
    ? standing
    : standing.replaceAll('p', letterOf(rest)).replaceAll('q', 'u')
}

/** A late answer moves what its own mark left uncertain; `standing` is undefined when that is nothing. */
function lateStanding(
  message: Message,
  fence: number,
  { outcomes, rest }: Settlement,
): { readonly standing: string | undefined; readonly isLate: boolean } {
  let { standing } = message
  let isLate = false
  let moved = false
  for (const { index, state } of outcomes) {
    if (message.turnedBy[index] !== fence) continue
    isLate = true
    const current = standing[index] ?? ''
    const isOnItsWay = message.mark?.indices.includes(index) === true
    if (!/[uaq]/.test(current) || (isOnItsWay && state !== 'delivered')) continue
    moved = true
    const ended = /[cs]/.exec(standing)?.[0]
    const again = rest ? letterOf(rest) : (ended ?? (current === 'a' ? 'r' : 'p'))
    standing = replaceAt(standing, index, state === 'pending' ? again : letterOf(state))
  }
  return { standing: moved ? standing : undefined, isLate }
}

function unchanged(
  message: Message,
  fence: number,
  isLate: boolean,
  settlement: Settlement,
): Answer {
  const applied = isLate || message.fence === fence
  if (!applied) tell(message, fence, settlement, 'withdrawn')
  return {
    applied,
    state: message.state,
    ...(isLate && { isLate }),
    isPlanned: message.state === 'uncertain' && message.plan !== undefined,
  }
}

/** Whoever did not hear the answer settles again, and is told of once. */
function tell(
  message: Message,
  fence: number,
  { note }: Settlement,
  how: 'settled' | 'late' | 'withdrawn',
): void {
  const what = `${fence} ${note?.digest}`
  if (note === undefined || message.told.includes(what)) return
  message.told.push(what)
  message.entries.push(how)
}
