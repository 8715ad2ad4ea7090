import { MailroomError } from '../errors.ts'
import type { JobIssue } from './job-issue.ts'

/** Thrown for a message that was not accepted; it names all problems, each with its path. */
export class InvalidJobError extends MailroomError {
  override readonly code = 'INVALID_JOB'
  readonly issues: readonly JobIssue[]

  constructor(issues: readonly JobIssue[]) {
    const lines = issues.map(({ path, problem }) => `  ${path}: ${problem}`)
    super(
      [`the job has ${issues.length} problem${issues.length === 1 ? '' : 's'}`, ...lines].join(
        '\n',
      ),
    )
    this.issues = issues
  }
}

/** Thrown for a job in the queue whose version this release cannot read. */
export class UnsupportedJobVersionError extends MailroomError {
  override readonly code = 'UNSUPPORTED_JOB_VERSION'
  /** What the job says; absent when it is not a number. */
  readonly version: number | undefined

  constructor(version: unknown, supported: readonly number[]) {
    super(
      `expected a job of version ${supported.join(' or ')}, got ${typeof version === 'number' ? `version ${version}` : 'one without a version'}: ` +
        'run a worker of the release that enqueued it',
    )
    this.version = typeof version === 'number' ? version : undefined
  }
}

/** Thrown for a message that is larger than a message may be; nothing of it was stored. */
export class MessageTooLargeError extends MailroomError {
  override readonly code = 'MESSAGE_TOO_LARGE'
  /** Bytes of the message, as its attachments will be encoded. */
  readonly size: number
  readonly limit: number

  constructor(size: number, limit: number) {
    super(
      `the message has ${size} bytes once it is encoded, expected at most ${limit}: ` +
        'send smaller attachments or links to them, or raise "limits.messageBytes"',
    )
    this.size = size
    this.limit = limit
  }
}

const UNSENDABLE = {
  'bare-cr': 'a CR without an LF: lines end in CRLF; ask for `lineEnds: "crlf"` to mend them',
  'bare-lf': 'an LF without a CR: lines end in CRLF; ask for `lineEnds: "crlf"` to mend them',
  nul: 'a NUL, which no SMTP server has to take',
  'long-header': 'a header of more than 256 KiB',
  'no-header': 'no header field: expected a whole message as in an .eml file',
} as const

/** Thrown for a raw message that would not arrive as it is (RFC 5321 §2.3.8, RFC 5322 §2). */
export class UnsendableRawError extends MailroomError {
  override readonly code = 'RAW_NOT_SENDABLE'
  readonly reason: keyof typeof UNSENDABLE
  /** Where it is in the message, in bytes from 0. */
  readonly offset: number

  constructor(reason: keyof typeof UNSENDABLE, offset: number) {
    super(`the raw message has, at byte ${offset}, ${UNSENDABLE[reason]}`)
    this.reason = reason
    this.offset = offset
  }
}

/** Thrown for a message whose job is larger than the queue takes. */
export class JobTooLargeError extends MailroomError {
  override readonly code = 'JOB_TOO_LARGE'
  /** Bytes of the job's JSON. */
  readonly size: number
  readonly limit: number

  constructor(size: number, limit: number) {
    super(
      `the job has ${size} bytes, expected at most ${limit}: send less text, a link to it or an ` +
        'attachment, or raise the job size limit',
    )
    this.size = size
    this.limit = limit
  }
}
