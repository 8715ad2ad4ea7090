import { UnsupportedJobVersionError } from '../job/errors.ts'
import type { ParsedJob } from '../job/parse-job.ts'
import type { Ending } from '../queue/queues.ts'
import type { AttemptContext } from './attempt.ts'
import { persist } from './persist.ts'

/** What it takes to end a job that is never tried. */
export type RejectContext = Pick<
  AttemptContext,
  'ledger' | 'worker' | 'connection' | 'emit' | 'announce' | 'onStoreFault' | 'ended'
>

/** A worker of another release may come: the job is offered to it so often. */
const OFFER_AGAIN_MS = 60_000

/**
 * Ends a job that cannot be read, without losing it.
 *
 * A job of a newer release waits for a worker of that release. One that breaks the contract is
 * refused in the ledger and stays in the queue as failed, for somebody to look at.
 */
export async function rejectJob(
  id: string,
  { error }: Extract<ParsedJob, { kind: 'unreadable' }>,
  context: RejectContext,
): Promise<Ending> {
  const { ledger, worker, connection } = context
  context.emit({ event: 'job-rejected', id, connection, reason: error.message })
  if (error instanceof UnsupportedJobVersionError) {
    return { kind: 'later', delayMs: OFFER_AGAIN_MS }
  }
  // Nobody knows for whom it was; without any recipient its record would have nothing to refuse.
  const claim = await ledger.claim({ id, worker, connection, recipients: ['unknown'] })
  if (claim.kind === 'claimed') {
    const last = { rule: 'local.unreadable-job', text: error.message }
    const settlement = { outcomes: [], rest: 'refused', isAttempt: false, last } as const
    await persist(
      () => ledger.settle(id, claim.fence, settlement),
      context.onStoreFault,
      context.ended,
    )
    context.announce({ id, connection, state: 'refused', rule: last.rule })
  }
  if (claim.kind === 'in-doubt') return { kind: 'later', delayMs: claim.retryInMs }
  return { kind: 'dead', reason: `refused: ${error.message}` }
}

const OTHER = 'another message is recorded under its id'

/**
 * Ends a job whose content is not what the ledger guards under its id: it could be sent twice, or in
 * the place of another. The record stays as it is, and the job in the queue as failed.
 */
export function rejectOther(
  id: string,
  { connection, emit }: Pick<AttemptContext, 'connection' | 'emit'>,
): Ending {
  emit({ event: 'job-rejected', id, connection, reason: OTHER })
  return { kind: 'dead', reason: `rejected: ${OTHER}` }
}
