import { MailroomError } from '../errors.ts'
import type { NotWritable } from './not-writable.ts'

const FORMS =
  '"redis://host:6379", "rediss://host:6379", "redis+sentinel://host:26379/master", "redis+cluster://host:6379", "postgres://host/database" or "embedded:DIRECTORY"'

/** Thrown for a text that names no store. The text itself may hold a password and is not repeated. */
export class InvalidStoreLocationError extends MailroomError {
  override readonly code = 'INVALID_STORE_LOCATION'

  constructor(came: string) {
    super(`expected the location of a store such as ${FORMS}, got ${came}`)
  }
}

/** Thrown for an option of `openStore` that the store could not use. */
export class InvalidStoreOptionError extends MailroomError {
  override readonly code = 'INVALID_STORE_OPTION'

  constructor(option: string, expected: string, came: string) {
    super(`expected "${option}" to be ${expected}, got "${came}"`)
  }
}

/**
 * Thrown when a store cannot be reached, was lost in the middle of a command, or is silent.
 *
 * A command that fails with it may have been carried out. The message always holds the word
 * ECONNREFUSED, because that is how BullMQ tells an outage (wait, then go on) from a job's fault.
 */
export class StoreUnreachableError extends MailroomError {
  override readonly code = 'STORE_UNREACHABLE'
  /** Safe for printing: holds no credentials. */
  readonly location: string

  constructor(location: string, cause?: unknown) {
    super(
      `store "${location}" does not answer (ECONNREFUSED${reasonOf(cause)}): check that it runs and that this machine may reach it`,
      { cause },
    )
    this.location = location
  }
}

/**
 * Thrown when a store answers and takes no writes: a replica, one whose memory or disk is full.
 *
 * Nothing is left of what was to be written, but perhaps a message with an idempotency key, which is
 * the same one when it is sent again. It may be over soon: workers tell it, and try again.
 */
export class StoreNotWritableError extends MailroomError {
  override readonly code = 'STORE_NOT_WRITABLE'
  readonly location: string

  constructor(location: string, { reason, advice }: NotWritable, options?: ErrorOptions) {
    super(`store "${location}" takes no writes: ${reason}; ${advice}`, options)
    this.location = location
  }
}

/**
 * Thrown when a store, or its sentinels, answer and refuse: wrong password, unknown user, database
 * or master.
 */
export class StoreRefusedError extends MailroomError {
  override readonly code = 'STORE_REFUSED'
  readonly location: string

  constructor(location: string, reason: string, options?: ErrorOptions) {
    super(
      `store "${location}" refuses the connection (${reason}): check the user, the password and the database of its location`,
      options,
    )
    this.location = location
  }
}

/** Thrown when a store's TLS fails: an unknown authority, another name, no TLS, or TLS demanded. */
export class StoreTlsError extends MailroomError {
  override readonly code = 'STORE_TLS_FAILED'
  readonly location: string

  constructor(location: string, reason: string, options?: ErrorOptions) {
    super(
      `no TLS with store "${location}" (${reason}): check "sslmode", "sslrootcert", "sslcert" and "sslkey" of its location, and the server's certificate`,
      options,
    )
    this.location = location
  }
}

/** Thrown when the user of a store may not do what Mailroom has to. */
export class StoreRightsError extends MailroomError {
  override readonly code = 'STORE_RIGHTS_MISSING'
  readonly location: string

  constructor(location: string, reason: string, options?: ErrorOptions) {
    super(
      `the user of store "${location}" lacks a right (${reason}): grant what docs/stores.md lists`,
      options,
    )
    this.location = location
  }
}

/** Thrown when a store's server is older than Mailroom can use. */
export class StoreTooOldError extends MailroomError {
  override readonly code = 'STORE_TOO_OLD'

  constructor(location: string, needed: string, found: string) {
    super(`store "${location}" has to be ${needed} or newer, and is ${found}: update the server`)
  }
}

/** Thrown when a newer program has changed the queue's tables: this one must not write there. */
export class StoreTooNewError extends MailroomError {
  override readonly code = 'STORE_TOO_NEW'

  constructor(location: string, schema: string, options?: ErrorOptions) {
    super(
      `a newer program has changed the queue's tables in schema "${schema}" of store "${location}": update this program`,
      options,
    )
  }
}

/** Thrown to a worker whose Redis is set up so that it may lose mail. */
export class UnsafeStoreError extends MailroomError {
  override readonly code = 'UNSAFE_STORE'

  constructor(location: string, problems: readonly string[]) {
    super(
      `store "${location}" may lose mail: ${problems.join('; ')}. Change it in redis.conf, or allow an unsafe store for tests and development`,
    )
  }
}

/** Thrown when the tables in a Postgres are missing or older than this version needs. */
export class StoreNotMigratedError extends MailroomError {
  override readonly code = 'STORE_NOT_MIGRATED'

  constructor(location: string, schema: string, missing: string) {
    super(
      `store "${location}" is not prepared: ${missing} is missing or too old in schema "${schema}"; run "mailroom migrate" against it`,
    )
  }
}

/** Thrown when statements of a transaction failed and were ignored, so that nothing was stored. */
export class TransactionRolledBackError extends MailroomError {
  override readonly code = 'TRANSACTION_ROLLED_BACK'

  constructor(location: string) {
    super(`store "${location}" rolled the transaction back: one of its statements had failed`)
  }
}

/** Thrown when somebody else changes the tables, or uses them, for longer than was waited. */
export class StoreBusyError extends MailroomError {
  override readonly code = 'STORE_BUSY'

  constructor(location: string, waitedMs: number, options?: ErrorOptions) {
    super(
      `the tables of store "${location}" cannot be brought up to date: another migration, or a transaction that uses them, did not end within ${waitedMs / 1000} s; try again when it has`,
      options,
    )
  }
}

/** Thrown for a text that does not fit into one notification; the caller has to say less. */
export class NoticeTooLongError extends MailroomError {
  override readonly code = 'NOTICE_TOO_LONG'

  constructor(channel: string, bytes: number, maxBytes: number) {
    super(
      `expected a notice on "${channel}" of at most ${maxBytes} bytes, got ${bytes}: store the text and publish where it is`,
    )
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return ''
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  const text = code || cause.message
  return text === '' || text === 'ECONNREFUSED' ? '' : `: ${text.slice(0, 120)}`
}
