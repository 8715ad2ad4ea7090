import type { TransactionEnding } from '../connections/transaction-ending.ts'
import type { Finding } from '../fleet/circuit.ts'
import type { Judgement, RecipientOutcome, RecipientState } from '../ledger/ledger.ts'
import type { Fault } from '../smtp/fault.ts'
import type { Reply } from '../smtp/reply.ts'
import { judge, type JudgeContext, type Verdict } from '../smtp/verdict.ts'
import { isForParameters } from './plainer.ts'

/** What one transaction means for its recipients, for the message's retry, and for the manager. */
export interface TransactionOutcome {
  readonly outcomes: readonly RecipientOutcome[]
  /** Indices of recipients to send to in a further transaction, at once. */
  readonly split: readonly number[]
  /**
   * Indices of recipients who go again without the others, at once: the server had accepted them before
   * it refused the transaction for those in `split`, or would take the message for them alone.
   */
  readonly again: readonly number[]
  /** Indices of recipients who go again without DSN, at once: the server refused it for them alone. */
  readonly plainer: readonly number[]
  /** The longest wait that a verdict asks for; 0 when none does. */
  readonly minDelayMs: number
  /** Whether the message spends an attempt on it. */
  readonly isAttempt: boolean
  /** Absent when nothing was learnt: we ended it ourselves. */
  readonly finding: Finding | undefined
  readonly last: Judgement
}

interface JudgedRecipient {
  readonly outcome: RecipientOutcome
  readonly verdict: Verdict | undefined
  /** Whether the server had accepted the recipient. */
  readonly accepted: boolean
  /** Only the others need what the server lacks. */
  readonly isSpared?: true
  /** The server refused what was asked of it with the recipient, and perhaps not the recipient. */
  readonly isAskedTooMuch?: boolean
}

const DELIVERED: Judgement = { stage: 'dot' }
const WORKS: Finding = { kind: 'works' }

/**
 * Judges how a transaction ended, recipient by recipient.
 *
 * `indices` are the recipients' places in the job's envelope, in the transaction's order.
 * `splitBefore` says that this transaction is itself the rest of a split one; `judging` what is
 * known of the server, and whether RCPT had parameters that it can do without.
 */
export function outcomeOf(
  id: string,
  ending: Exclude<TransactionEnding, { kind: 'withdrawn' }>,
  indices: readonly number[],
  splitBefore: boolean,
  judging: JudgeContext = {},
): TransactionOutcome {
  // One recipient cannot be split any further.
  const cannotSplit = splitBefore || indices.length === 1
  // What all were refused for, they were asked without already.
  const together = { ...judging, mayDropParameters: false, splitBefore: cannotSplit }
  const shared = sharedVerdict(ending, together)
  const needy = ending.kind === 'rejected' ? ending.places : undefined
  let acceptedBefore = false
  const judged = ending.recipients.map(({ reply, accepted }, place): JudgedRecipient => {
    const index = indices[place] ?? place
    if (needy?.includes(place) === false) {
      const outcome = { index, state: 'pending' as const }
      return { outcome, verdict: undefined, accepted: false, isSpared: true }
    }
    if (accepted || reply === undefined) {
      acceptedBefore ||= accepted
      return { ...recipientOf(index, shared.verdict, shared.judgement), accepted }
    }
    const fault = { kind: 'reply', stage: 'rcpt', reply } as const
    const known = { ...judging, acceptedBefore, splitBefore: cannotSplit }
    const verdict = judge(fault, known)
    return {
      ...recipientOf(index, verdict, judgementOf('rcpt', reply, verdict)),
      accepted,
      isAskedTooMuch: known.mayDropParameters === true && isForParameters(fault, known),
    }
  })

  const verdicts = judged.flatMap(({ verdict }) => verdict ?? [])
  const split = judged.flatMap(({ outcome, verdict }) =>
    verdict?.message === 'split' ? [outcome.index] : [],
  )
  const isForTheRest = split.length > 0 && isRefusedAtData(ending, shared.verdict)
  const again = judged.flatMap(({ outcome, accepted, isSpared }) =>
    isSpared === true || (isForTheRest && accepted) ? [outcome.index] : [],
  )
  const outcomes = judged.map(({ outcome, accepted }) =>
    isForTheRest && accepted ? { ...outcome, state: 'pending' as const } : outcome,
  )
  return {
    outcomes,
    split,
    again,
    plainer: judged.flatMap(({ outcome, isAskedTooMuch }) =>
      isAskedTooMuch === true ? [outcome.index] : [],
    ),
    minDelayMs: Math.max(0, ...verdicts.map(({ minDelayMs }) => minDelayMs ?? 0)),
    isAttempt: ending.kind === 'accepted' || verdicts.some(({ message }) => message !== 'return'),
    finding: isOurEnding(ending) ? undefined : findingOf(id, verdicts),
    last: gravestOf(outcomes) ?? shared.judgement,
  }
}

/**
 * Whether the server would not even have the message, and said neither that the session is at fault
 * nor when to try again. Some do so when there were more recipients than they take, and would have it
 * for the others (RFC 5321 §4.5.3.1.10).
 */
function isRefusedAtData(ending: TransactionEnding, verdict: Verdict | undefined): boolean {
  if (ending.kind !== 'rejected' || verdict === undefined) return false
  const { fault } = ending
  const { message, manager, minDelayMs } = verdict
  const isRefusal = message === 'refuse' || (message === 'retry' && minDelayMs === undefined)
  return fault.kind === 'reply' && fault.stage === 'data' && isRefusal && manager === 'fine'
}

const GRAVITY: readonly RecipientState[] = ['uncertain', 'refused', 'pending']

/** What is told of a message with several recipients: the worst that happened to one of them. */
export function gravestOf(outcomes: readonly RecipientOutcome[]): Judgement | undefined {
  for (const state of GRAVITY) {
    const found = outcomes.find((outcome) => outcome.state === state)
    if (found) return found
  }
  return undefined
}

/** What holds for every recipient that the server had accepted, or had not answered yet. */
function sharedVerdict(
  ending: Exclude<TransactionEnding, { kind: 'withdrawn' }>,
  judging: JudgeContext,
): {
  readonly verdict: Verdict | undefined
  readonly judgement: Judgement
} {
  if (ending.kind === 'accepted') {
    return { verdict: undefined, judgement: { ...DELIVERED, ...factsOf(ending.reply) } }
  }
  const verdict = judge(ending.fault, judging)
  return { verdict, judgement: judgementOfFault(ending.fault, verdict) }
}

function recipientOf(
  index: number,
  verdict: Verdict | undefined,
  judgement: Judgement,
): Omit<JudgedRecipient, 'accepted'> {
  return { outcome: { ...judgement, index, state: stateOf(verdict) }, verdict }
}

function stateOf(verdict: Verdict | undefined): RecipientState {
  if (verdict === undefined) return 'delivered'
  switch (verdict.message) {
    case 'accepted':
      return 'delivered'
    case 'refuse':
      return 'refused'
    case 'uncertain':
      return 'uncertain'
    case 'retry':
    case 'split':
    case 'return':
      return 'pending'
  }
}

function isOurEnding(ending: TransactionEnding): boolean {
  return ending.kind === 'broken' && ending.fault.kind === 'aborted'
}

/** The gravest thing that the verdicts say of the manager. */
function findingOf(id: string, verdicts: readonly Verdict[]): Finding {
  const says = (manager: Verdict['manager']): Verdict | undefined =>
    verdicts.find((verdict) => verdict.manager === manager)
  if (says('auth')) return { kind: 'auth' }
  if (says('fault')) return { kind: 'fault' }
  const throttle = says('throttle')
  if (throttle) return { kind: 'throttle', minDelayMs: throttle.minDelayMs ?? 0 }
  return says('suspect') ? { kind: 'suspect', message: id } : WORKS
}

/** What a fault says of the manager when no message was involved yet: a login, a probe. */
export function findingOfLogin(verdict: Verdict): Finding {
  switch (verdict.manager) {
    case 'auth':
      return { kind: 'auth' }
    case 'throttle':
      return { kind: 'throttle', minDelayMs: verdict.minDelayMs ?? 0 }
    case 'fine':
    case 'suspect':
    case 'fault':
      return { kind: 'fault' }
  }
}

/** The facts of a fault and the rule that judged it, as the ledger keeps them. */
export function judgementOfFault(fault: Fault, verdict: Verdict): Judgement {
  return fault.kind === 'reply'
    ? judgementOf(fault.stage, fault.reply, verdict)
    : { stage: fault.stage, text: `${fault.kind}: ${fault.detail}`, ...ruledBy(verdict) }
}

function judgementOf(stage: string, reply: Reply, verdict: Verdict): Judgement {
  return { stage, ...factsOf(reply), ...ruledBy(verdict) }
}

function ruledBy({ rule, class: kind, scope, alert, suppress }: Verdict): Judgement {
  const advice = { class: kind, scope, ...(alert && { alert }), ...(suppress && { suppress }) }
  return { rule, advice }
}

function factsOf(reply: Reply): Judgement {
  return {
    code: reply.code,
    ...(reply.status === undefined ? {} : { status: reply.status }),
    text: reply.text,
  }
}
