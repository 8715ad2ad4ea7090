import { masked } from '../connections/transcript.ts'
import { stageReached, type TransactionEnding } from '../connections/transaction-ending.ts'
import type { Judgement, RecipientOutcome } from '../ledger/ledger.ts'
import type { AttemptNote, NotedOutcome } from '../ledger/timeline.ts'
import { originalRecipient } from '../smtp/dsn.ts'
import { RULES_VERSION } from '../smtp/rules/version.ts'
import type { AttemptContext, Claimed } from './attempt.ts'

/** One transaction of an attempt, and what it came to. */
export interface NotedTransaction {
  readonly ending: TransactionEnding
  /** The recipients' places in the job's envelope, in the transaction's order. */
  readonly indices: readonly number[]
  /** Which one of the attempt, from 1. */
  readonly part: number
  readonly bytes: number
  readonly outcomes: readonly RecipientOutcome[]
  readonly last: Judgement | undefined
  /** The mailbox that all of its mail goes to instead; no recipient, and so not to be kept. */
  readonly redirectedTo: string | undefined
}

/** What the timeline is to tell of a transaction. */
export function noteOf(
  { ending, indices, part, bytes, outcomes, last, redirectedTo }: NotedTransaction,
  claim: Claimed,
  { worker, connection, manager, digest }: AttemptContext,
): AttemptNote {
  const { conversation, unasked } = ending
  const recipient = ending.recipient === undefined ? undefined : indices[ending.recipient]
  return {
    attempt: claim.attempts + 1,
    part,
    ...(manager.name !== connection && { manager: manager.name }),
    digest: digest.slice(0, DIGEST_LENGTH),
    worker,
    stage: stageReached(ending),
    ...(recipient !== undefined && { recipient }),
    bytes,
    rules: String(RULES_VERSION),
    ...(last !== undefined && { last }),
    outcomes: together(outcomes),
    ...(unasked !== undefined && { unasked }),
    ...(conversation !== undefined && { conversation: withoutMailbox(conversation, redirectedTo) }),
  }
}

/** Parameters write an address in their own way. */
function withoutMailbox(lines: readonly string[], mailbox: string | undefined): readonly string[] {
  if (mailbox === undefined) return lines
  const original = originalRecipient(mailbox)
  return lines.map((line) =>
    line.replaceAll(original, masked(original)).replaceAll(mailbox, masked(mailbox)),
  )
}

/** Enough to tell one credential or server from the next. */
const DIGEST_LENGTH = 8

/** Recipients that came out alike, as one. */
function together(outcomes: readonly RecipientOutcome[]): readonly NotedOutcome[] {
  const [only, ...others] = outcomes
  if (only !== undefined && others.length === 0) {
    const { index, ...outcome } = only
    return [{ ...outcome, recipients: [index] }]
  }
  const alike = new Map<string, NotedOutcome & { readonly recipients: number[] }>()
  for (const { index, ...outcome } of outcomes) {
    const { state, stage, code, status, rule, text } = outcome
    const key = JSON.stringify([state, stage, code, status, rule, text])
    const known = alike.get(key)
    if (known === undefined) alike.set(key, { ...outcome, recipients: [index] })
    else known.recipients.push(index)
  }
  return [...alike.values()]
}
