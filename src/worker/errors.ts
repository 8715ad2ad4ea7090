import { MailroomError } from '../errors.ts'

/** Thrown for a message that names no author, when its connection manager names none either. */
export class NoSenderError extends MailroomError {
  override readonly code = 'NO_SENDER'
  readonly connection: string

  constructor(connection: string) {
    super(
      `the message has no sender: give it a \`from\`, or give the connection manager ` +
        `${JSON.stringify(connection)} one for all messages`,
    )
    this.connection = connection
  }
}

/** Told when this machine's clock differs too much from the store's; nothing is taken meanwhile. */
export class ClockSkewError extends MailroomError {
  override readonly code = 'CLOCK_SKEW'

  constructor(aheadMs: number, maxMs: number) {
    super(
      `expected this machine's clock within ${Math.round(maxMs)} ms of the store's, found it ` +
        `${Math.abs(Math.round(aheadMs))} ms ${aheadMs > 0 ? 'ahead' : 'behind'}: nothing is taken until it is set right`,
    )
  }
}
