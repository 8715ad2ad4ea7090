import type { SendMailJob } from '../job/send-mail.ts'
import type { Claim } from '../ledger/claim.ts'
import type { Judgement, Settled } from '../ledger/ledger.ts'
import type { PlanDone } from '../ledger/uncertain.ts'
import type { Ending } from '../queue/queues.ts'
import type { AttemptContext, Attempted, Claimed } from './attempt.ts'
import { reasonOf } from './judged.ts'
import { tell } from './tell.ts'
import { ruleOfPlan, tellPlanDone, tellTurned } from './tell-uncertain.ts'

/** What comes again at once comes again after this long, so that nothing spins. */
const MIN_LATER_MS = 1_000

/** Tells everybody how an attempt ended, and says what that means for the job. */
export function report(
  job: SendMailJob,
  claim: Claimed,
  attempted: Attempted,
  settled: Settled,
  context: AttemptContext,
  signal: AbortSignal,
): Ending {
  const { settlement, before } = attempted
  tellDone(job.id, claim, context)
  if (settled.applied) tell(job, claim, attempted, settled, context)
  if (before.length > 0 && (!settled.applied || settlement.outcomes.length === 0)) {
    // What was delivered before the rest was withdrawn, cancelled or taken over is delivered.
    const known = { ...attempted, settlement: { outcomes: before, isAttempt: false } }
    tell(job, claim, known, { state: 'active' }, context)
  }
  switch (settled.state) {
    case 'cancelled':
    case 'superseded':
      context.emit({ event: settled.state, id: job.id, connection: context.connection })
      return { kind: 'done' }
    case 'delivered':
      return { kind: 'done' }
    case 'uncertain':
      if (settled.dueInMs !== undefined) return whenDue(settled.dueInMs)
      return { kind: 'dead', reason: reasonOf(settled.state, reasonableOf(settlement.last)) }
    case 'refused':
    case 'expired':
      return { kind: 'dead', reason: reasonOf(settled.state, reasonableOf(settlement.last)) }
    case 'deferred':
    case 'queued':
    case 'active':
      if (!settlement.isAttempt && (context.isParked() || signal.aborted)) {
        context.emit({ event: 'handed-back', id: job.id, connection: context.connection })
        return { kind: 'back' }
      }
      return { kind: 'later', delayMs: Math.max(settlement.retryInMs ?? 0, MIN_LATER_MS) }
  }
}

/** Tells what a claim found and did: a mark whose time was over, and a plan that was due. */
export function tellDone(
  id: string,
  { turned, done }: Pick<Claimed, 'turned'> & { readonly done?: PlanDone | undefined },
  context: AttemptContext,
): void {
  if (turned > 0) tellTurned(id, turned, context)
  if (done) tellPlanDone(id, done, context)
}

/** What the server said last explains a refusal only if it was one; an earlier attempt's is in the record. */
function reasonableOf(last: Judgement | undefined): Judgement | undefined {
  return last?.rule === undefined ? undefined : last
}

/** The job's ending when its message was settled before this attempt began. */
export function reportSettled(
  job: SendMailJob,
  { state, turned, done, dueInMs }: Extract<Claim, { kind: 'settled' }>,
  context: AttemptContext,
): Ending {
  const { id } = job
  const { connection } = context
  tellDone(id, { turned, done }, context)
  if (turned > 0 || done) context.announce({ id, connection, state, ...ruleOfPlan(done) })
  switch (state) {
    case 'cancelled':
    case 'superseded':
      context.emit({ event: state, id, connection })
      return { kind: 'done' }
    case 'delivered':
      return { kind: 'done' }
    case 'uncertain':
      if (dueInMs !== undefined) return whenDue(dueInMs)
      return {
        kind: 'dead',
        reason: 'uncertain: a worker died between the final dot and its answer',
      }
    case 'refused':
    case 'expired':
      return { kind: 'dead', reason: state }
  }
}

/** Its plan is carried out by whoever claims it then, or by a sweeper. */
function whenDue(dueInMs: number): Ending {
  return { kind: 'later', delayMs: Math.max(dueInMs, MIN_LATER_MS) }
}
