import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { Finding } from '../fleet/circuit.ts'
import type { Span } from '../fleet/spans.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import type { Announcement } from '../ledger/announcements.ts'
import type { Claim } from '../ledger/claim.ts'
import type { Judgement, Ledger, RecipientOutcome, Settled, Settlement } from '../ledger/ledger.ts'
import type { Ending, Queues } from '../queue/queues.ts'
import type { UserRule } from '../smtp/rules/user-rule.ts'
import { sizeOf } from '../connections/message-body.ts'
import { settleBreak } from './breaks.ts'
import type { Contents } from './contents.ts'
import { deliver } from './deliver.ts'
import type { Door } from './door.ts'
import type { Emit } from './events.ts'
import { mayTry } from './expiry.ts'
import { followLate } from './follow-late.ts'
import { prepareMessage } from './message-to-send.ts'
import { persist } from './persist.ts'
import { rejectOther } from './reject-job.ts'
import { report, reportSettled, tellDone } from './report.ts'
import { retryDelayMs, type RetryPolicy } from './retry.ts'

/** Everything that an attempt needs of the world around it. */
export interface AttemptContext {
  readonly worker: string
  readonly connection: string
  readonly manager: ConnectionManager
  /** The manager that may have had the message, and that the name does not lead to any more. */
  readonly goneManager?: string
  /** Of what the manager was resolved to. */
  readonly digest: string
  /** What the operator has decided about replies, as it holds now. */
  readonly rules: () => readonly UserRule[]
  readonly ledger: Ledger
  readonly queues: Pick<Queues, 'wake' | 'removeRequested'>
  readonly contents: Contents
  readonly retry: RetryPolicy
  readonly random: () => number
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
  /**
   * How long the name was parked since a moment, but for what lies in `besides`: its mail does not age
   * meanwhile.
   */
  readonly parkedMsSince: (since: number, besides: readonly Span[]) => number
  /** Tells the manager's health what this attempt showed; may park the name at once. */
  readonly learn: (finding: Finding, why: Judgement) => void
  readonly isParked: () => boolean
  /** Aborts when the worker waits no longer, also for what is to be written to the ledger. */
  readonly ended: AbortSignal
  readonly emit: Emit
  readonly announce: (announcement: Announcement) => void
  readonly onStoreFault: (error: unknown) => void
}

/** A claim that allows to try. */
export type Claimed = Extract<Claim, { kind: 'claimed' }>

/** The message may have been handed over by `manager`: it is not tried through another one. */
export interface Elsewhere {
  readonly kind: 'elsewhere'
  readonly manager: string
}

/** What came of an attempt, beside what the ledger made of it. */
export interface Attempted {
  readonly settlement: Settlement
  /** What earlier transactions of the attempt came to, settled whatever becomes of the rest. */
  readonly before: readonly RecipientOutcome[]
  readonly bytes: number
  readonly ms: number
}

/**
 * Tries to deliver one message once, over a session that is open.
 *
 * Resolves for every ending that the mail domain knows; rejects only when the ledger cannot be
 * reached: before anything was handed over, so that the queue keeps the job, or until the worker
 * waits no longer, so that the mark in the ledger tells that the end is not known.
 */
export async function attempt(
  job: SendMailJob,
  door: Door,
  context: AttemptContext,
  signal: AbortSignal,
): Promise<Ending | Elsewhere> {
  const { ledger, worker, connection, goneManager } = context
  const { id, digest, envelope } = job
  const manager = goneManager ?? context.manager.name
  const recipients = envelope.to
  const claim = await ledger.claim({ id, worker, connection, manager, recipients, digest })
  switch (claim.kind) {
    case 'settled':
      await context.contents.releaseWhenOver(job, claim.state)
      return reportSettled(job, claim, context)
    case 'early':
      return { kind: 'later', delayMs: claim.dueInMs }
    case 'elsewhere':
      tellDone(id, claim, context)
      return { kind: 'elsewhere', manager: claim.manager }
    case 'in-doubt':
      return { kind: 'later', delayMs: claim.retryInMs }
    case 'conflict':
      return rejectOther(id, context)
    case 'claimed': {
      const due = asRescheduled(job, claim)
      const attempted = await tryOnce(due, claim, door, context, signal)
      const settled = await settle(due, claim, attempted.settlement, context)
      await context.contents.releaseWhenOver(due, settled.state)
      await followLate(due, settled, context)
      return report(due, claim, attempted, settled, context, signal)
    }
  }
}

/** The time to which a message was rescheduled is that of its job, whose own stays in the queue. */
function asRescheduled(job: SendMailJob, { notBefore }: Claimed): SendMailJob {
  return notBefore === undefined ? job : { ...job, notBefore }
}

async function tryOnce(
  job: SendMailJob,
  claim: Claimed,
  door: Door,
  context: AttemptContext,
  signal: AbortSignal,
): Promise<Attempted> {
  const startedAt = performance.now()
  let before: readonly RecipientOutcome[] = []
  const ended = (settlement: Settlement, bytes = 0): Attempted => ({
    settlement,
    before,
    bytes,
    ms: performance.now() - startedAt,
  })
  const objection = mayTry(job, claim, context)
  if (objection) return ended(objection)

  using ready = await prepareMessage(job, context)
  if (ready.kind === 'not-ready') return ended(ready.settlement)

  const delivery = await deliver(job, claim, ready.message, door, context, signal)
  before = delivery.before
  if (delivery.kind === 'withdrawn') {
    const { note } = delivery
    return ended({ outcomes: [], isAttempt: false, retryInMs: 0, ...(note && { note }) })
  }
  const { note } = delivery
  const { outcomes, isAttempt, minDelayMs, finding } = delivery.outcome
  if (finding) context.learn(finding, delivery.outcome.last)
  const broken = settleBreak(delivery.outcome, delivery.isSessionOver, claim, context.retry)
  const retryInMs = isAttempt
    ? retryDelayMs(claim.attempts + 1, minDelayMs, context.retry, context.random)
    : minDelayMs
  const beforeDeadline = Math.max(0, (job.notAfter ?? Infinity) - context.now())
  return ended(
    {
      outcomes,
      isAttempt,
      ...broken,
      retryInMs: Math.min(retryInMs, beforeDeadline),
      ...(note && { note }),
    },
    sizeOf(ready.message.body),
  )
}

async function settle(
  job: SendMailJob,
  claim: Claimed,
  settlement: Settlement,
  context: AttemptContext,
): Promise<Settled> {
  return persist(
    () => context.ledger.settle(job.id, claim.fence, settlement),
    context.onStoreFault,
    context.ended,
  )
}
