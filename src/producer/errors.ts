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

/** Thrown when a name has as many jobs waiting as its depth limit allows; nothing was accepted. */
export class QueueFullError extends MailroomError {
  override readonly code = 'QUEUE_FULL'
  readonly connection: string
  readonly depth: number
  readonly limit: number

  constructor(connection: string, depth: number, limit: number) {
    super(
      `the queue of "${connection}" is full: expected fewer than ${limit} waiting messages, ` +
        `found ${depth}; start workers, wait, or raise "maxDepth"`,
    )
    this.connection = connection
    this.depth = depth
    this.limit = limit
  }
}

/** Thrown by `sendMany` for an item that was not accepted; everything before it was. */
export class SendManyError extends MailroomError {
  override readonly code = 'SEND_MANY_STOPPED'
  /** The item's place in the iterable, from 0. */
  readonly index: number
  /** How many items before it were accepted. */
  readonly accepted: number

  constructor(index: number, accepted: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`item ${index} was not accepted, ${accepted} before it were: ${why}`, { cause })
    this.index = index
    this.accepted = accepted
  }
}
