import type { UncertainDecision, UncertainWay } from '../../../src/ledger/uncertain.ts'
import type { Answer, Planned } from './deed.ts'
import { isUnsent, newerThan, overall, withdraw, type Message, type World } from './message.ts'

/** Cancels what is pending; what may have arrived is as uncertain as before. */
export function cancel(message: Message | undefined): Answer {
  if (message === undefined) return { kind: 'unknown' }
  if (!isUnsent(message)) {
    if (message.state === 'uncertain' && message.plan?.way === 'resend') {
      message.plan = undefined
      message.entries.push('uncertain-held')
    }
    if (message.mark?.plan?.way === 'resend') message.mark.plan = undefined
    const isOver = message.state !== 'active' && message.standing.includes('c')
    return isOver || message.state === 'cancelled'
      ? { kind: 'cancelled' }
      : { kind: 'too-late', state: message.state }
  }
  end(message, 'c')
  message.entries.push('cancelled')
  return message.standing.includes('c')
    ? { kind: 'cancelled' }
    : { kind: 'too-late', state: message.state }
}

/** Gives way to a newer message. */
export function supersede(world: World, id: string): boolean {
  const message = world.messages[id]
  if (message === undefined || newerThan(world, id) === undefined || !isUnsent(message)) {
    return false
  }
  end(message, 's')
  message.entries.push('superseded')
  return true
}

function end(message: Message, letter: string): void {
  withdraw(message)
  message.standing = message.standing.replaceAll('p', letter).replaceAll('q', 'u')
  message.state = overall(message.standing)
  if (message.plan?.way === 'resend') message.plan = undefined
}

export function reschedule(message: Message | undefined, isLater: boolean): Answer {
  if (message === undefined) return { kind: 'unknown' }
  if (!isUnsent(message)) return { kind: 'too-late', state: message.state }
  message.isRescheduled = true
  message.isEarly = isLater
  if (message.isClaimed) {
    withdraw(message)
    message.state = 'deferred'
  }
  message.entries.push('rescheduled')
  return { kind: 'rescheduled' }
}

export function reopen(message: Message | undefined, evenIfUncertain: boolean): Answer {
  if (message === undefined) return { kind: 'unknown' }
  const { state } = message
  const mayReopen =
    state === 'refused' || state === 'expired' || (evenIfUncertain && state === 'uncertain')
  if (!mayReopen) return { kind: 'not-held', state }
  withdraw(message)
  const standing = message.standing.replaceAll(/[re]/g, 'p')
  Object.assign(message, {
    state: 'deferred',
    standing: evenIfUncertain ? standing.replaceAll('u', 'q') : standing,
    mark: undefined,
    turnedBy: {},
    plan: undefined,
    isHeld: false,
    resends: 0,
    attempts: 0,
    breaks: 0,
    isRescheduled: false,
    isEarly: false,
  })
  message.entries.push('reopened')
  return { kind: 'reopened' }
}

/** Settles what is uncertain, as somebody or its plan says. */
export function decide(message: Message | undefined, decision: UncertainDecision): Answer {
  if (message === undefined) return { kind: 'unknown' }
  const { state, plan: planned } = message
  if (!message.standing.includes('u')) return { kind: 'not-uncertain', state }
  if (decision === 'hold') {
    if (message.plan !== undefined) message.entries.push('uncertain-held')
    message.plan = undefined
    message.isHeld = true
    return { kind: 'held', state }
  }
  if (decision === 'planned' && planned?.isDue !== true) return { kind: 'not-due', state }
  const way = decision === 'planned' ? (planned?.way ?? 'resend') : decision
  const recipients = settleUncertain(message, way, decision === 'planned')
  if (state === 'uncertain') message.state = overall(message.standing)
  return { kind: 'settled', state: message.state, way, recipients }
}

/** Answers how many there were. */
export function settleUncertain(message: Message, way: UncertainWay, byPlan: boolean): number {
  const count = message.standing.split('u').length - 1
  message.standing = message.standing.replaceAll('u', way === 'accept' ? 'a' : 'q')
  message.plan = undefined
  message.isHeld = false
  if (way === 'resend') message.resends = byPlan ? message.resends + 1 : 0
  message.entries.push('uncertain-settled')
  return count
}

/** Plans what becomes of uncertain recipients; a resend waits for the answer while it could come. */
export function plan(message: Message, planned: Planned | undefined, isOver: boolean): void {
  if (message.isHeld) return
  const isSpent = planned?.way === 'resend' && message.resends >= planned.atMost
  message.plan =
    planned === undefined || isSpent
      ? undefined
      : { way: planned.way, isDue: planned.isSoon && (planned.way === 'accept' || isOver) }
}
