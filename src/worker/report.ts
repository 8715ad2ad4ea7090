import type { SendMailJob } from '../job/send-mail.ts'
import type { FinalState, Settled } from '../ledger/ledger.ts'
import type { Ending } from '../queue/queues.ts'
import type { AttemptContext, Attempted, Claimed } from './attempt.ts'
import { reasonOf } from './judged.ts'
import { tell } from './tell.ts'

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
  if (settled.applied) tell(job, claim, attempted, settled.state, context)
  const { settlement } = attempted
  switch (settled.state) {
    case 'cancelled':
      context.emit({ event: 'cancelled', id: job.id, connection: context.connection })
      return { kind: 'done' }
    case 'delivered':
    case 'superseded':
      return { kind: 'done' }
    case 'refused':
    case 'expired':
    case 'uncertain':
      return { kind: 'dead', reason: reasonOf(settled.state, settlement.last) }
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

/** The job's ending when its message was settled before this attempt began. */
export function reportSettled(
  job: SendMailJob,
  state: FinalState,
  context: AttemptContext,
): Ending {
  const { id } = job
  const { connection } = context
  switch (state) {
    case 'cancelled':
      context.emit({ event: 'cancelled', id, connection })
      context.announce({ id, connection, state })
      return { kind: 'done' }
    case 'delivered':
    case 'superseded':
      return { kind: 'done' }
    case 'uncertain':
      context.emit({
        event: 'uncertain',
        id,
        connection,
        recipients: job.envelope.to.length,
        attempt: 0,
      })
      context.announce({ id, connection, state })
      return {
        kind: 'dead',
        reason: 'uncertain: a worker died between the final dot and its answer',
      }
    case 'refused':
    case 'expired':
      return { kind: 'dead', reason: state }
  }
}
