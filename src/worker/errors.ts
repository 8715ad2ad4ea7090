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
