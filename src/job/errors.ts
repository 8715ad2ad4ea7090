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

  constructor(version: unknown, supported: number) {
    super(
      `expected a job of version ${supported}, got ${typeof version === 'number' ? `version ${version}` : 'one without a version'}: ` +
        'run a worker of the release that enqueued it',
    )
    this.version = typeof version === 'number' ? version : undefined
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
      `the job has ${size} bytes, expected at most ${limit}: send smaller attachments ` +
        '(base64 adds a third) or a link to them, or raise the job size limit',
    )
    this.size = size
    this.limit = limit
  }
}
