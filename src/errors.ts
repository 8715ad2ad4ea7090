/**
 * The root of every error that Mailroom throws on purpose.
 *
 * `code` is the stable name that programs match; the message is for people: it names the thing
 * in quotes, says what was expected, what came and what to do, and never holds a secret or a
 * mailbox's address.
 */
export abstract class MailroomError extends Error {
  abstract readonly code: string

  override get name(): string {
    return this.constructor.name
  }
}

/** Whether `error` is one of Mailroom's own, and so has a `code` to act on. */
export function isMailroomError(error: unknown): error is MailroomError {
  return error instanceof MailroomError
}
