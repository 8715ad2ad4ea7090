import type { Spared } from '../connections/envelope-commands.ts'
import type { TransactionEnding, TransactionHooks } from '../connections/transaction-ending.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import type { Envelope } from '../smtp/envelope.ts'
import type { JudgeContext } from '../smtp/verdict.ts'
import type { AttemptContext, Claimed } from './attempt.ts'
import type { ComposedMessage } from './compose.ts'
import type { Door } from './door.ts'
import { sparedBy } from './plainer.ts'
import { uncertainPlanOf } from './uncertain-plan.ts'

/** How much longer than the dot time-out an answer may take before a marked message is uncertain. */
const ANSWER_MARGIN_MS = 30_000

/** What to offer to whom, and over which session. */
interface Offer {
  readonly job: SendMailJob
  readonly claim: Claimed
  readonly message: ComposedMessage
  /** The recipients' places in the job's envelope. */
  readonly indices: readonly number[]
  /** What these were refused for before. */
  readonly without: readonly Spared[]
  readonly door: Door
  readonly context: AttemptContext
  /** Whether nothing more of the message is to be sent when it ends well. */
  readonly isLast: boolean
  /** What is known of the server. */
  readonly judging: JudgeContext
}

/**
 * Offers a message to some of its recipients in one transaction, over another session when the first
 * one had died while it was idle, and once more with plainer commands when these were refused for their
 * parameters. An ending that is stale all the same means that no session is to be had now.
 */
export async function transact(offer: Offer, signal: AbortSignal): Promise<TransactionEnding> {
  const { job, message, indices, door } = offer
  const redirected = message.redirectedTo
  const to = redirected ? [redirected] : indices.map((index) => job.envelope.to[index] ?? '')
  const hooks: TransactionHooks = {
    beforeDot: markOf(offer),
    signal,
    without: offer.without,
    onDotSent: (isWhole) => {
      if (isWhole && mayBeLast(offer)) door.dotSent()
    },
  }
  const { dsn, requireTls } = job
  const envelope: Envelope = {
    from: message.from,
    to,
    // Reports name the message as everything else of ours does.
    dsn: dsn && { envelopeId: job.id, ...dsn },
    requireTls,
  }
  const once = async (how: TransactionHooks): Promise<TransactionEnding> => {
    const ending = await door.session.deliver(envelope, message.body, how)
    door.answered()
    return ending
  }
  const say = async (how: TransactionHooks): Promise<TransactionEnding> => {
    let ending = await once(how)
    while (isStale(ending) && (await door.renew())) ending = await once(how)
    return ending
  }
  const first = await say(hooks)
  let ending = first
  const spared = first.kind === 'rejected' ? sparedBy(first, offer.judging) : []
  if (first.kind === 'rejected' && spared.length > 0) {
    const isOpen = door.isUsable || (await door.renew())
    const without = [...offer.without, ...spared]
    ending = isOpen ? await say({ ...hooks, without }) : { ...first, isStale: true }
  }
  return redirected ? spreadOver(indices, ending) : ending
}

/** Whether the session had died while it was idle: nothing of the message was looked at. */
export function isStale(
  ending: TransactionEnding,
): ending is Extract<TransactionEnding, { kind: 'broken' | 'rejected' }> {
  return (ending.kind === 'broken' || ending.kind === 'rejected') && ending.isStale === true
}

/**
 * Whether nothing more of it is likely to be sent at once. What a server may not take for so many at
 * once is followed the first time only: then it is divided when it is tried again.
 */
function mayBeLast({ isLast, claim, indices }: Offer): boolean {
  return isLast && (indices.length === 1 || claim.attempts === 0)
}

/** Writes into the ledger that the final dot follows, for those whom the server has accepted. */
function markOf({ job, claim, message, indices, context }: Offer): TransactionHooks['beforeDot'] {
  const { manager, ledger } = context
  const { dot } = manager.timeouts
  const answerWithinMs = dot + Math.min(dot, ANSWER_MARGIN_MS)
  const plan = uncertainPlanOf(job.uncertain ?? manager.uncertain)
  return (accepted) => {
    const isRedirected = message.redirectedTo !== undefined
    const marked = isRedirected ? indices : accepted.flatMap((place) => indices[place] ?? [])
    return ledger.mark(job.id, claim.fence, marked, answerWithinMs, plan)
  }
}

/** A redirected message has one recipient on the wire, whose fate all of its recipients share. */
function spreadOver(indices: readonly number[], ending: TransactionEnding): TransactionEnding {
  const [only] = ending.recipients
  return only === undefined ? ending : { ...ending, recipients: indices.map(() => only) }
}
