import type { FinalState, MessageRecord } from '../../src/index.ts'
import type { Taken } from './talk.ts'

/** What is done with a message whose fate nobody knows. */
export const POLICIES = ['hold', 'resend', 'accept'] as const

export type Policy = (typeof POLICIES)[number]

/** Everything that is known of a run when nothing moves any more. */
export interface Evidence {
  readonly policy: Policy
  /** What `send` has answered: the message's number and its id. */
  readonly accepted: ReadonlyMap<number, string>
  /** The server's append-only book. */
  readonly book: readonly Taken[]
  /** The ledger's word on each accepted message, by number. */
  readonly records: ReadonlyMap<number, MessageRecord | undefined>
  /** Messages of which some worker ever said that they are uncertain. */
  readonly everUncertain: ReadonlySet<number>
}

/**
 * The balance of a run.
 *
 * | | |
 * |---|---|
 * | `messages` | that `send` accepted |
 * | `delivered` | that the server took at least once: it had the whole body, wrote that down and was about to answer 250 |
 * | `duplicated` | that the server took more than once |
 * | `uncertain` | whose fate nobody knew at some time: held at the end under `hold`, sent again or given up under the others |
 * | `refused` | that the server refused, or that the ledger gave up otherwise: visible, with the reason |
 * | `lost` | that the server did not take, and that the ledger does not know or calls delivered |
 */
export interface Account {
  readonly messages: number
  readonly delivered: number
  readonly refused: number
  readonly uncertain: number
  /** Of the uncertain ones. */
  readonly uncertainDelivered: number
  readonly lost: number
  readonly duplicated: number
  /** Whatever must not be, in words, with the message's number; none is right. */
  readonly wrongs: readonly string[]
}

type End = FinalState | 'open' | 'unknown'

const NEVER_TAKEN: readonly End[] = ['refused', 'expired', 'cancelled', 'superseded']

/** Compares what was accepted, what the server has, and what the ledger says. */
export function account(evidence: Evidence): Account {
  const copies = Map.groupBy(evidence.book, ({ number }) => number)
  const all = [...evidence.accepted.keys()].map((number) => ({
    number,
    end: endOf(evidence.records.get(number)),
    copies: copies.get(number) ?? [],
    wasUncertain: evidence.everUncertain.has(number),
  }))
  const count = (is: (message: Message) => boolean): number => all.filter(is).length
  return {
    messages: all.length,
    delivered: count(({ copies: { length } }) => length > 0),
    refused: count(({ end }) => NEVER_TAKEN.includes(end)),
    uncertain: count(isUncertain),
    uncertainDelivered: count((one) => isUncertain(one) && one.copies.length > 0),
    lost: count(isLost),
    duplicated: count(({ copies: { length } }) => length > 1),
    wrongs: [
      ...all.flatMap((message) => wrongsOf(message, evidence.policy)),
      ...[...copies.keys()]
        .filter((number) => !evidence.accepted.has(number))
        .map((number) => `message ${number}: the server has it, and nobody accepted it`),
    ],
  }
}

interface Message {
  readonly number: number
  readonly end: End
  readonly copies: readonly Taken[]
  readonly wasUncertain: boolean
}

function isUncertain({ end, wasUncertain }: Message): boolean {
  return end === 'uncertain' || wasUncertain
}

function endOf(record: MessageRecord | undefined): End {
  if (record === undefined) return 'unknown'
  const { state } = record
  return state === 'queued' || state === 'active' || state === 'deferred' ? 'open' : state
}

function isLost({ end, copies }: Message): boolean {
  return copies.length === 0 && (end === 'delivered' || end === 'unknown')
}

function wrongsOf(message: Message, policy: Policy): readonly string[] {
  const { number, end, copies, wasUncertain } = message
  const wrongs: string[] = []
  const mayLose = policy === 'accept' && wasUncertain && end === 'delivered'
  if (isLost(message) && !mayLose) wrongs.push(`lost: it is ${end} and the server has not got it`)
  if (end === 'open') wrongs.push('it never came to an end')
  if (end === 'unknown' && copies.length > 0) wrongs.push('the ledger has forgotten it')
  if (NEVER_TAKEN.includes(end) && copies.length > 0) {
    wrongs.push(`the ledger says ${end}, and the server has it`)
  }
  const mayHave = policy === 'resend' && wasUncertain ? 2 : 1
  if (copies.length > mayHave) wrongs.push(`the server has it ${copies.length} times`)
  if (new Set(copies.map(({ messageId }) => messageId)).size > 1) {
    wrongs.push('its copies have different Message-IDs')
  }
  return wrongs.map((wrong) => `message ${number}: ${wrong}`)
}
