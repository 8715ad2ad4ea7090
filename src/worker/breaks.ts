import type { Judgement, RecipientOutcome, Settlement } from '../ledger/ledger.ts'
import type { Claimed } from './attempt.ts'
import type { TransactionOutcome } from './outcome.ts'
import type { RetryPolicy } from './retry.ts'

/**
 * What a message is settled with beside its outcomes when its attempt broke the session: one more
 * break in a row, and after too many of them nothing is tried any more. A message that does that to
 * every session would do it for days, while all others flow.
 */
export function settleBreak(
  { outcomes, isAttempt, finding, last }: TransactionOutcome,
  isSessionOver: boolean,
  claim: Claimed,
  { maxBreaks }: Pick<RetryPolicy, 'maxBreaks'>,
): Pick<Settlement, 'isBreak' | 'rest'> & { readonly last: Judgement } {
  const isBreak =
    isAttempt && isSessionOver && finding?.kind === 'suspect' && outcomes.some(isPending)
  if (!isBreak) return { last }
  if (claim.breaks + 1 < maxBreaks) return { isBreak, last }
  const times = `${claim.breaks + 1} attempts in a row broke the session`
  const text = last.text === undefined ? times : `${times}: ${last.text}`
  return { isBreak, rest: 'refused', last: { ...last, text, rule: 'local.set-aside' } }
}

function isPending({ state }: RecipientOutcome): boolean {
  return state === 'pending'
}
