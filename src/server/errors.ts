import { MailroomError } from '../errors.ts'

/** Thrown when a server cannot listen because another program already does. */
export class PortInUseError extends MailroomError {
  override readonly code = 'PORT_IN_USE'
  readonly host: string
  readonly port: number

  constructor(what: string, host: string, port: number, options?: ErrorOptions) {
    super(
      `${what} needs port ${port} on "${host}", but another program listens there: ` +
        'stop that program, or choose another port (0 takes a free one)',
      options,
    )
    this.host = host
    this.port = port
  }
}

/** Thrown when a server cannot listen for another reason: no such address, or no right to the port. */
export class CannotListenError extends MailroomError {
  override readonly code = 'CANNOT_LISTEN'
  readonly host: string
  readonly port: number

  constructor(what: string, host: string, port: number, why: string, options?: ErrorOptions) {
    super(
      `${what} cannot listen on port ${port} of "${host}" (${why}): expected an address of this ` +
        'machine and a port that this user may open',
      options,
    )
    this.host = host
    this.port = port
  }
}

/** The error for a `listen` that failed; `what` names the server, as `the dashboard`. */
export function listenError(
  error: unknown,
  what: string,
  host: string,
  port: number,
): PortInUseError | CannotListenError {
  const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return why === 'EADDRINUSE'
    ? new PortInUseError(what, host, port, { cause: error })
    : new CannotListenError(what, host, port, why, { cause: error })
}
