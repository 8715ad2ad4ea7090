import { MailroomError } from '../errors.ts'

/** Thrown when an idempotency key comes again with other content; the first message stays as it is. */
export class IdempotencyConflictError extends MailroomError {
  override readonly code = 'IDEMPOTENCY_CONFLICT'
  /** The message that the key stands for. */
  readonly id: string

  constructor(id: string) {
    super(
      `the idempotency key of message "${id}" was used before with other content: ` +
        `expected the same message again, or use a new key for a new message`,
    )
    this.id = id
  }
}

/**
 * Thrown for a message that was not accepted, because as many wait under its name as the depth
 * limit allows; `sendMany` takes as many as there are places for before it says so.
 */
export class QueueFullError extends MailroomError {
  override readonly code = 'QUEUE_FULL'
  readonly connection: string
  /** Messages that wait or are delayed, with those that this process is handing in; up to 250 ms old. */
  readonly depth: number
  readonly limit: number

  constructor(connection: string, depth: number, limit: number) {
    super(
      `the queue of "${connection}" is full: expected fewer than ${limit} waiting messages, ` +
        `found ${depth}; start workers, wait, or raise "limits.queueDepth"`,
    )
    this.connection = connection
    this.depth = depth
    this.limit = limit
  }
}

/**
 * Thrown by `sendMany` for the first item that was not accepted: everything before it was, nothing
 * behind it. Begin again at `index`, or behind it to leave the item out.
 *
 * Only when the store failed in the middle of a chunk, which `cause` tells, may some items from
 * `index` on have been taken all the same; with idempotency keys it is safe to begin again there.
 */
export class SendManyError extends MailroomError {
  override readonly code = 'SEND_MANY_STOPPED'
  /** The item's place in the iterable, from 0. */
  readonly index: number
  /** How many items were accepted, known ones included: all those before it. */
  readonly accepted: number

  constructor(index: number, accepted: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`item ${index} was not accepted, ${accepted} before it were: ${why}`, { cause })
    this.index = index
    this.accepted = accepted
  }
}

/** Thrown for an id of which the store has no record: it never had one, or its retention is over. */
export class UnknownMessageError extends MailroomError {
  override readonly code = 'UNKNOWN_MESSAGE'
  readonly id: string

  constructor(id: string) {
    super(
      `no message has the id ${JSON.stringify(id)}: expected one that \`send\` or "mailroom send" ` +
        'answered, for the same store and within the retention',
    )
    this.id = id
  }
}

/** Thrown by every call that comes after `close`; nothing was done. */
export class MailroomClosedError extends MailroomError {
  override readonly code = 'MAILROOM_CLOSED'

  constructor() {
    super(
      'expected an open mailroom, got one that was closed: close it after the last call, or ' +
        'create another',
    )
  }
}

/** Thrown for a mail from nodemailer that asks for what a queued message cannot keep. */
export class UnsupportedMailOptionError extends MailroomError {
  override readonly code = 'UNSUPPORTED_MAIL_OPTION'
  readonly options: readonly string[]

  constructor(options: readonly string[]) {
    super(
      `expected a mail without ${options.map((name) => `"${name}"`).join(', ')}, which a queued message cannot keep: leave it out, or say it to the connection manager`,
    )
    this.options = options
  }
}
