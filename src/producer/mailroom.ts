import type { Connections } from '../connections/connections.ts'
import type { ComposedMail, RawMail } from '../job/send-mail.ts'
import type { RescheduleOptions } from '../job/reschedule-request.ts'
import type { Cancelled, ListPage, MessageRecord } from '../ledger/ledger.ts'
import type { Rescheduled } from '../ledger/rescheduled.ts'
import type { Timeline } from '../ledger/timeline.ts'
import type { Depth } from '../queue/queues.ts'
import type { UserRule } from '../smtp/rules/user-rule.ts'
import { createBodyMemory, type BodyMemory } from './body-memory.ts'
import { createDigestMemory } from './digest-memory.ts'
import { openDesk, type Desk, type DeskOptions } from './desk.ts'
import { listHeld, type HeldQuery } from './held.ts'
import type { PreparedJob } from './keep-job.ts'
import { createOutcomes, type OutcomeListener, type OutcomeName } from './outcomes.ts'
import { createPrepare } from './prepare.ts'
import { requeue, type RequeueOptions, type RequeueResult } from './requeue.ts'
import type { Retried, RetryOptions } from './retry.ts'
import { sendInChunks, type SendManyOptions, type SendManyProgress } from './send-many.ts'
import type { UncertainAnswer, UncertainChoice } from './settle-uncertain.ts'
import { untilSettled, type UntilSettledOptions } from './until-settled.ts'

export interface MailroomOptions<Name extends string> extends DeskOptions {
  /** The connection managers; only their names and their `from` are used. */
  readonly connections: Connections<Name>
  /** What the operator has decided about replies, for `requeue`; nothing by default. */
  readonly rules?: readonly UserRule[]
  /** The folders that attachments by path may come from; none by default. */
  readonly attachmentRoots?: readonly string[]
  /** Files of one message that are read from paths, in bytes; `maxMessageBytes` by default. */
  readonly maxAttachmentBytes?: number
  /** The largest job, in bytes of JSON; 1 MiB by default. */
  readonly maxJobBytes?: number
  /** The largest message as it is encoded, in bytes; 50 MiB by default. */
  readonly maxMessageBytes?: number
  /** Content of more bytes is kept beside the queue; 64 KiB by default. */
  readonly inlineBytes?: number
}

/** What to send, through which of the known connection managers. */
export type Mail<Name extends string> = (
  Omit<ComposedMail, 'connection'> | Omit<RawMail, 'connection'>
) & { readonly connection: Name }

/** The answer to an accepted message. */
export interface Receipt {
  /** Names the message in `get`, `cancel` and all events. */
  readonly id: string
  /** The Message-ID header, with angle brackets; it never changes. */
  readonly messageId: string
  /** False when the same idempotency key was used before with the same content. */
  readonly isNew: boolean
  /** The older message that this one took the place of, because both have the same `supersedes`. */
  readonly superseded?: string
}

/** How the queue of a name stands, with what is held in the ledger. */
export interface QueueStatus extends Depth {
  readonly connection: string
  readonly uncertain: number
  readonly refused: number
  readonly expired: number
}

/** Where an application hands in its mail. Connects at the first call, and again after an outage. */
export interface Mailroom<Name extends string = string> extends AsyncDisposable {
  /**
   * Accepts one message: it is in the store when this resolves.
   *
   * Throws `InvalidJobError` with all problems, `UnknownConnectionError`, `JobTooLargeError`,
   * `QueueFullError`, `IdempotencyConflictError`, the attachment errors, and `StoreUnreachableError`;
   * after `close`, like every other call, `MailroomClosedError`.
   */
  send(mail: Mail<Name>): Promise<Receipt>
  /**
   * Accepts any number of messages, in chunks, with one chunk in memory.
   *
   * Throws `SendManyError` for the first that is not accepted, unless `onRefused` hears of it:
   * everything before it was accepted, and nothing behind it.
   */
  sendMany(
    mails: Iterable<Mail<Name>> | AsyncIterable<Mail<Name>>,
    options?: SendManyOptions,
  ): Promise<SendManyProgress>
  /** What is known of a message; undefined when nothing is, or no more. */
  get(id: string): Promise<MessageRecord | undefined>
  /** What happened to a message, in its order: attempts, what was said in them, what people did. */
  history(id: string): Promise<Timeline | undefined>
  /** Cancels a message whose final dot has not left, and announces that. */
  cancel(id: string): Promise<Cancelled>
  /**
   * Has a message whose final dot has not left sent at another time, earlier or later.
   *
   * Throws `InvalidJobError` for a time at or behind the message's `notAfter`, or beyond the retention.
   */
  reschedule(id: string, options: RescheduleOptions): Promise<Rescheduled>
  /** Gives a refused, expired or set aside message another try, with all counts begun anew. */
  retry(id: string, options?: RetryOptions): Promise<Retried>
  /**
   * Decides about an uncertain message: `resend` sends it once more under its Message-ID, to those
   * whose answer never came, `accept` counts it as delivered, and `hold` keeps it until somebody
   * decides, whatever its policy says. An answer that comes late may still win.
   */
  settleUncertain(id: string, choice: UncertainChoice): Promise<UncertainAnswer>
  /**
   * Judges refused messages again, by the rules as they are now, and puts those back into the queue
   * that would not be refused today.
   */
  requeue(options?: RequeueOptions): Promise<RequeueResult>
  /** Pages through held messages: of one state, or of all of them in turn. */
  list(query?: HeldQuery): Promise<ListPage>
  /** Hears how messages end, whoever sent them; best effort: `get` is the truth. Call the answer to stop. */
  on(outcome: OutcomeName, listener: OutcomeListener): () => void
  /**
   * Waits until a message is settled.
   *
   * Throws `UnknownMessageError` when there is no record of it, `NotSettledError` when `timeoutMs`
   * is over, and the reason of `signal` as soon as it aborts.
   */
  untilSettled(id: string, options?: UntilSettledOptions): Promise<MessageRecord>
  status(connection: Name): Promise<QueueStatus>
  /** Closes the store, for good. Messages that were accepted are safe there. */
  close(): Promise<void>
}

/** Files beside the queue are for what is large: bodies are shared in the memory that they would take. */
function sharesIn({ content }: DeskOptions): BodyMemory | undefined {
  return (content?.store ?? 'queue') === 'queue' ? createBodyMemory() : undefined
}

/** Creates a mailroom; nothing is connected to before the first call. */
export function createMailroom<Name extends string>(
  options: MailroomOptions<Name>,
): Mailroom<Name> {
  const desk: Desk = openDesk(options)
  const prepare = createPrepare(options, () => desk.open(), sharesIn(options))
  const outcomes = createOutcomes(async () => (await desk.open()).store)
  const write = async (some: readonly PreparedJob[], stopsAtRefused: boolean) => {
    const all = await Promise.all(
      some.map(async (prepared) => (await prepared.ready?.()) ?? prepared),
    )
    return desk.accept(all, stopsAtRefused)
  }
  const close = (): Promise<void> => desk.close(() => outcomes.close())

  return {
    send: async (mail) => {
      const { prepared } = await prepare(mail)
      await outcomes.ready()
      const [answer] = await write([prepared], true)
      if (answer === undefined || 'error' in answer) throw answer?.error
      return answer
    },
    sendMany: async (mails, sendOptions = {}) => {
      await outcomes.ready()
      const memory = createDigestMemory()
      const writer = { prepare: (mail: Mail<Name>) => prepare(mail, memory), write }
      return sendInChunks(mails, writer, sendOptions)
    },
    get: async (id) => (await desk.open()).ledger.get(id),
    history: async (id) => (await desk.open()).ledger.history(id),
    cancel: (id) => desk.cancel(id),
    reschedule: (id, rescheduleOptions) => desk.reschedule(id, rescheduleOptions),
    retry: (id, retryOptions = {}) => desk.retry(id, retryOptions),
    settleUncertain: (id, choice) => desk.settleUncertain(id, choice),
    requeue: async (which = {}) => requeue(which, { rules: [], ...options }, await desk.open()),
    list: async (query = {}) => listHeld((await desk.open()).ledger, query),
    on: (outcome, listener) => outcomes.on(outcome, listener),
    untilSettled: (id, waitOptions = {}) =>
      untilSettled(id, async () => (await desk.open()).ledger, outcomes, waitOptions),
    status: async (connection) => {
      const { queues, ledger } = await desk.open()
      const [depth, held] = await Promise.all([
        queues.depth(connection),
        ledger.countHeld(connection),
      ])
      return { connection, ...depth, ...held }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
