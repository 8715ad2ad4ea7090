import type { Door } from './door.ts'
import type { Spared } from '../connections/envelope-commands.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import { sizeOf } from '../connections/message-body.ts'
import { RecordUnreadableError } from '../ledger/errors.ts'
import type { Judgement, RecipientOutcome } from '../ledger/ledger.ts'
import type { AttemptNote } from '../ledger/timeline.ts'
import type { AttemptContext, Claimed } from './attempt.ts'
import { noteOf } from './attempt-note.ts'
import type { ComposedMessage } from './compose.ts'
import { gravestOf, outcomeOf, type TransactionOutcome } from './outcome.ts'
import { judgingOf } from './judging.ts'
import { mayDropDsn } from './plainer.ts'
import { persist } from './persist.ts'
import { isStale, transact } from './transact.ts'

/** How the sending of one message to its pending recipients ended. */
export type Delivery = {
  /** What earlier transactions of this attempt came to; they are settled already. */
  readonly before: readonly RecipientOutcome[]
} & (
  | {
      readonly kind: 'ended'
      readonly outcome: TransactionOutcome
      /** Whether the session of the last transaction ended with it. */
      readonly isSessionOver: boolean
      /** Of the last transaction, unless it is settled already. */
      readonly note?: AttemptNote
    }
  /**
   * It was not sent, and not by its own fault: the ledger forbade the final dot (cancelled, or
   * claimed by another worker), or every session was dead and no other could be opened.
   */
  | { readonly kind: 'withdrawn'; readonly note?: AttemptNote }
)

interface Part {
  readonly indices: readonly number[]
  readonly isSplit: boolean
  /** What these were refused for before. */
  readonly without: readonly Spared[]
}

/**
 * Sends a message in as many transactions as the manager's limit and the server's replies ask for.
 *
 * All but the last are settled here, so that a crash between two of them repeats neither.
 */
export async function deliver(
  job: SendMailJob,
  claim: Claimed,
  message: ComposedMessage,
  door: Door,
  context: AttemptContext,
  signal: AbortSignal,
): Promise<Delivery> {
  if (claim.pending.some((index) => index >= job.envelope.to.length)) {
    throw new RecordUnreadableError(job.id, 'no more recipients than its job has')
  }
  const { recipientsPerTransaction } = context.manager.limits
  const judging = judgingOf(context.manager, context.rules())
  // A redirected message has one recipient on the wire, however many it stands for.
  const size = message.redirectedTo === undefined ? recipientsPerTransaction : Infinity
  const parts = partsOf(claim.pending, size)
  let before: readonly RecipientOutcome[] = []
  let soFar: TransactionOutcome | undefined
  const bytes = sizeOf(message.body)
  for (let count = 1; ; count += 1) {
    const part = parts.shift() ?? wholePart([])
    const { indices, isSplit, without } = part
    const ending = await transact(
      { job, claim, message, indices, without, door, context, judging, isLast: parts.length === 0 },
      signal,
    )
    if (isStale(ending)) return { kind: 'withdrawn', before }
    const note = (outcomes: readonly RecipientOutcome[], last: Judgement): AttemptNote => {
      const { redirectedTo } = message
      const noted = { ending, indices, part: count, bytes, outcomes, last, redirectedTo }
      return noteOf(noted, claim, context)
    }
    if (ending.kind === 'withdrawn') return { kind: 'withdrawn', before, note: note([], WITHHELD) }

    const known = { ...judging, mayDropParameters: mayDropDsn(job, ending) }
    const outcome = outcomeOf(job.id, ending, indices, isSplit, known)
    soFar = soFar === undefined ? outcome : together(soFar, outcome)
    parts.unshift(...splitOf(outcome, part), ...plainerOf(outcome, part))
    const goesOn = outcome.finding?.kind === 'works' && !signal.aborted
    const told = note(outcome.outcomes, outcome.last)
    const isSessionOver = ending.endsSession === true
    if (parts.length === 0 || !goesOn) {
      return { kind: 'ended', outcome: soFar, isSessionOver, before, note: told }
    }

    const { applied } = await persist(
      () =>
        context.ledger.settle(job.id, claim.fence, {
          outcomes: outcome.outcomes,
          more: true,
          isAttempt: false,
          note: told,
        }),
      context.onStoreFault,
      context.ended,
    )
    if (!applied) return { kind: 'withdrawn', before }
    before = soFar.outcomes
    if (outcome.outcomes.some(({ state }) => state !== 'pending')) door.advance()
    // A server may hang up after each transaction: the others would never have their turn.
    const isOpen = door.isUsable || (await door.renew())
    if (!isOpen) return { kind: 'ended', outcome: soFar, isSessionOver, before }
  }
}

const WITHHELD: Judgement = { stage: 'body', rule: 'local.withdrawn' }

/** Two transactions of one attempt as one: the later outcome of a recipient holds. */
function together(before: TransactionOutcome, after: TransactionOutcome): TransactionOutcome {
  const retried = new Set(after.outcomes.map(({ index }) => index))
  const earlier = before.outcomes.filter(({ index }) => !retried.has(index))
  const outcomes = [...earlier, ...after.outcomes]
  return {
    ...after,
    outcomes,
    last: gravestOf(outcomes) ?? after.last,
    minDelayMs: Math.max(before.minDelayMs, after.minDelayMs),
    isAttempt: before.isAttempt || after.isAttempt,
  }
}

function partsOf(pending: readonly number[], size: number): Part[] {
  if (pending.length <= size) return [wholePart(pending)]
  return Array.from({ length: Math.ceil(pending.length / size) }, (_, part) =>
    wholePart(pending.slice(part * size, (part + 1) * size)),
  )
}

/** Nothing of it was refused for its parameters yet, nor for the number of its recipients. */
function wholePart(indices: readonly number[]): Part {
  return { indices, isSplit: false, without: [] }
}

/**
 * The rest that a server did not want in the same transaction, after those whom it would have taken
 * without it; halved when it wanted none of it. Each of them is smaller than `part`, or cannot be
 * split again.
 */
function splitOf({ split, again }: TransactionOutcome, part: Part): readonly Part[] {
  const isNoneWanted = split.length > 0 && split.length === part.indices.length
  const half = Math.ceil(split.length / 2)
  const some = isNoneWanted ? [split.slice(0, half), split.slice(half)] : [again, split]
  return some
    .filter(({ length }) => length > 0)
    .map((indices) => ({ ...part, indices, isSplit: isNoneWanted }))
}

/** Those for whom the server did not want to hear of reports. */
function plainerOf({ plainer }: TransactionOutcome, { without }: Part): readonly Part[] {
  if (plainer.length === 0) return []
  return [{ indices: plainer, isSplit: false, without: [...without, 'DSN'] }]
}
