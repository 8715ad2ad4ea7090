/** What a command's exit says to a script. `docs/cli.md` and `mailroom help exit-codes` tell it. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  configuration: 3,
  store: 4,
  notDelivered: 5,
  message: 6,
  checkFailed: 7,
  tryLater: 75,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What each exit code means, in the order of their numbers. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'done',
  1: 'failed for a reason that none of the others names',
  2: 'the command line is wrong: unknown command or option, missing value',
  3: 'the configuration is wrong: file, connection manager, secret, port in use',
  4: 'the store cannot be reached or used',
  5: 'the message was not delivered: refused, expired, cancelled or uncertain',
  6: 'the message was not accepted: address, header, attachment, size, key used before',
  7: 'a check found a problem: "doctor", "connections verify"',
  75: 'not now, try again later: the queue is full, or the wait was over first',
  130: 'ended before its work was done by Ctrl-C (SIGINT); a worker only by a second one',
  143: 'ended before its work was done by SIGTERM; a worker only by a second one',
}

/** The exit code for the `code` of an error; 1 for those that are not in the table. */
export function exitCodeOf(code: string): ExitCode {
  return Object.hasOwn(EXIT_OF, code) ? (EXIT_OF[code] ?? EXIT.failure) : EXIT.failure
}

const EXIT_OF: Readonly<Record<string, ExitCode>> = {
  USAGE: EXIT.usage,
  INVALID_DURATION: EXIT.usage,
  INVALID_CURSOR: EXIT.usage,

  CONFIG_EXISTS: EXIT.configuration,
  CONFIG_NOT_FOUND: EXIT.configuration,
  CONFIG_UNREADABLE: EXIT.configuration,
  INVALID_CONFIGURATION: EXIT.configuration,
  INVALID_CONNECTION_STRING: EXIT.configuration,
  INVALID_CONNECTION_URL: EXIT.configuration,
  INVALID_REFERENCE: EXIT.configuration,
  SECRET_UNAVAILABLE: EXIT.configuration,
  AUTH_METHOD_NOT_AVAILABLE: EXIT.configuration,
  UNKNOWN_CONNECTION: EXIT.configuration,
  UNKNOWN_ENVIRONMENT: EXIT.configuration,
  DUPLICATE_CONNECTION: EXIT.configuration,
  PORT_IN_USE: EXIT.configuration,
  CANNOT_LISTEN: EXIT.configuration,
  DIRECTORY_UNUSABLE: EXIT.configuration,

  NO_QUEUE: EXIT.configuration,
  INVALID_CONTENT_LOCATION: EXIT.configuration,
  INVALID_QUEUE_NAME: EXIT.configuration,
  INVALID_STORE_LOCATION: EXIT.configuration,
  INVALID_STORE_OPTION: EXIT.configuration,

  STORE_UNREACHABLE: EXIT.store,
  STORE_REFUSED: EXIT.store,
  STORE_NOT_MIGRATED: EXIT.store,
  STORE_NOT_WRITABLE: EXIT.store,
  STORE_RIGHTS_MISSING: EXIT.store,
  STORE_TLS_FAILED: EXIT.store,
  STORE_TOO_NEW: EXIT.store,
  STORE_TOO_OLD: EXIT.store,
  UNSAFE_STORE: EXIT.store,
  MAILROOM_CLOSED: EXIT.store,
  TRANSACTION_ROLLED_BACK: EXIT.store,
  CONTENT_DAMAGED: EXIT.store,
  CONTENT_MISSING: EXIT.store,
  CONTENT_TOO_NEW: EXIT.store,
  CONTENT_UNREACHABLE: EXIT.store,
  LEDGER_TOO_NEW: EXIT.store,
  LEDGER_UNREADABLE: EXIT.store,
  PAUSE_UNREADABLE: EXIT.store,
  EMBEDDED_DIR_OCCUPIED: EXIT.store,
  EMBEDDED_DIR_UNREACHABLE: EXIT.store,
  EMBEDDED_DIR_UNWRITABLE: EXIT.store,
  EMBEDDED_NOT_STARTED: EXIT.store,
  EMBEDDED_POSTGRES_MISSING: EXIT.store,
  EMBEDDED_VERSION_MISMATCH: EXIT.store,

  INVALID_EML: EXIT.message,
  INVALID_RECIPIENTS: EXIT.message,
  INVALID_TEMPLATE: EXIT.message,
  RECIPIENTS_CHANGED: EXIT.message,
  INVALID_JOB_TEXT: EXIT.message,
  INVALID_JOB: EXIT.message,
  JOB_TOO_LARGE: EXIT.message,
  MESSAGE_TOO_LARGE: EXIT.message,
  RAW_NOT_SENDABLE: EXIT.message,
  NO_SENDER: EXIT.message,
  ATTACHMENT_CHANGED: EXIT.message,
  ATTACHMENT_MISSING: EXIT.message,
  ATTACHMENT_OUTSIDE_ROOTS: EXIT.message,
  ATTACHMENT_TOO_LARGE: EXIT.message,
  CONTENT_CHANGED: EXIT.message,
  CONTENT_TOO_LARGE: EXIT.message,
  IDEMPOTENCY_CONFLICT: EXIT.message,
  UNSUPPORTED_MAIL_OPTION: EXIT.message,

  STORE_BUSY: EXIT.tryLater,
  CONTENT_STORE_FULL: EXIT.tryLater,
  QUEUE_FULL: EXIT.tryLater,
  NOT_SETTLED: EXIT.tryLater,
}
