import type { SendMailJob } from '../job/send-mail.ts'
import type { RecipientOutcome, RecipientState, Settled } from '../ledger/ledger.ts'
import type { PlanDone } from '../ledger/uncertain.ts'
import type { AttemptContext, Attempted, Claimed } from './attempt.ts'
import { judgedOf, reasonOf } from './judged.ts'
import { ruleOfPlan, tellPlanDone } from './tell-uncertain.ts'

/** Makes the events of a settled attempt, and the announcement to the fleet. */
export function tell(
  job: SendMailJob,
  claim: Claimed,
  attempted: Attempted,
  { state, accepted = 0 }: Pick<Settled, 'state' | 'accepted'>,
  context: AttemptContext,
): void {
  const { settlement, bytes, ms } = attempted
  const { outcomes, rest, last, isAttempt } = settlement
  const pending = claim.pending.length
  const attempt = claim.attempts + (isAttempt ? 1 : 0)
  const judged = judgedOf(last)
  const { connection, manager, emit } = context
  const member = manager.name === connection ? {} : { member: manager.name }
  const what = { id: job.id, connection, ...member, ...judged }

  const delivered = countOf(outcomes, 'delivered')
  const refused = countOf(outcomes, 'refused')
  const uncertain = countOf(outcomes, 'uncertain')
  if (delivered > 0) {
    const since = Math.max(job.acceptedAt, job.notBefore ?? 0)
    const sinceAcceptedMs = Math.max(0, context.now() - since)
    emit({
      ...what,
      event: 'delivered',
      recipients: delivered,
      bytes,
      ms,
      sinceAcceptedMs,
      attempt,
    })
  }
  if (last?.rule === 'local.set-aside') {
    const breaks = claim.breaks + (settlement.isBreak === true ? 1 : 0)
    const reason = reasonOf('set aside', last)
    emit({ ...what, event: 'set-aside', claims: claim.claims, breaks, reason })
  } else if (refused > 0 || rest === 'refused') {
    const reason = reasonOf('refused', last)
    const suppress = outcomes.filter(({ advice }) => advice?.suppress).length
    const hint = suppress > 0 ? { suppress } : {}
    emit({ ...what, ...hint, event: 'refused', refused: refused || pending, attempt, reason })
  }
  if (uncertain > 0) emit({ ...what, event: 'uncertain', recipients: uncertain, attempt })
  const done: PlanDone | undefined =
    accepted > 0 ? { way: 'accept', recipients: accepted } : undefined
  if (done) tellPlanDone(job.id, done, context)
  if (rest === 'expired') emit({ ...what, event: 'expired', pending })
  if (state === 'deferred' && isAttempt) {
    const left = pending - delivered - refused - uncertain
    const retryInMs = settlement.retryInMs ?? 0
    emit({ ...what, event: 'deferred', pending: left, retryInMs, attempt })
  }
  const isNews = state === 'deferred' ? isAttempt : state !== 'active' && state !== 'queued'
  if (isNews && state !== 'active' && state !== 'queued') {
    const { id } = job
    const known = done === undefined ? judged : ruleOfPlan(done)
    context.announce({ id, connection: context.connection, state, ...known })
  }
}

function countOf(outcomes: readonly RecipientOutcome[], state: RecipientState): number {
  let count = 0
  for (const outcome of outcomes) if (outcome.state === state) count += 1
  return count
}
