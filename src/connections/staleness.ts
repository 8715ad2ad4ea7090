import type { Fault } from '../smtp/fault.ts'
import type { Stumble } from './reach.ts'
import type { Run } from './transaction-run.ts'

/** How long a transaction that follows another one waits for each answer until its body is asked for. */
export const PATIENCE_MS = 5_000

/**
 * Whether it follows another transaction, and was not asked for its body: whatever comes until then may
 * have been meant for that one, and it ends without a word about its message.
 */
export function isUnasked({ isFollower, awaited }: Run): boolean {
  return isFollower && (awaited === 'mail' || awaited === 'rcpt' || awaited === 'data')
}

/** Tells that it was sent ahead in vain, unless we ended it ourselves. */
export function stumble(run: Run, how: Stumble): void {
  if (isUnasked(run) && run.hooks.signal?.aborted !== true) run.wire.reach.stumbled(how)
}

/** What `fault` shows of how it goes to send ahead. */
export function stumbleOf({ isAhead }: Run, { kind }: Fault): Stumble {
  if (isAhead) return kind === 'timeout' ? 'late' : 'ended'
  return kind === 'timeout' || kind === 'protocol' ? 'out-of-step' : 'ended'
}

/** Tells that the answer to a final dot has not come, when something was sent behind it. */
export function loseAnswer({ wire, awaited, follower }: Run, { kind }: Fault): void {
  if (awaited === 'dot' && follower !== 'none' && kind !== 'aborted') wire.reach.stumbled('lost')
}

/** Nothing but the end of a session that was used before, and before the sender was looked at. */
export function staleness(run: Run, { kind }: Fault): { readonly isStale?: true } {
  const { wire, awaited, hooks } = run
  if (isUnasked(run)) return hooks.signal?.aborted === true ? {} : { isStale: true }
  const isBeforeMail = awaited === 'reset' || awaited === 'mail' || isOutOfStep(run)
  const isEnd = wire.end !== undefined && kind !== 'aborted'
  return isBeforeMail && isEnd && wire.transactions > 1 ? { isStale: true } : {}
}

/**
 * Whether DATA got the answer of a recipient, after a sender that was refused: the server had said
 * something unasked, which was no answer to MAIL.
 */
function isOutOfStep({ said, refusal, awaited }: Run): boolean {
  const last = said.at(-1)
  const isSuccess = typeof last === 'object' && Math.trunc(last.code / 100) === 2
  return refusal?.stage === 'mail' && awaited === 'data' && isSuccess
}
