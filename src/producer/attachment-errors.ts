import { MailroomError } from '../errors.ts'

/** Thrown for an attachment by path that lies in none of the folders that are allowed. */
export class AttachmentOutsideRootsError extends MailroomError {
  override readonly code = 'ATTACHMENT_OUTSIDE_ROOTS'
  /** As the caller gave it. */
  readonly path: string
  readonly roots: readonly string[]

  constructor(path: string, roots: readonly string[]) {
    const allowed = roots.map((root) => JSON.stringify(root)).join(', ')
    super(
      `the attachment ${JSON.stringify(path)} is in none of the allowed folders ` +
        (roots.length === 0
          ? '(there are none: name them in `attachments.roots` of the configuration)'
          : `(${allowed}; symbolic links count as what they point to)`),
    )
    this.path = path
    this.roots = roots
  }
}

/** Thrown for an attachment by path that cannot be read, or is no regular file. */
export class AttachmentMissingError extends MailroomError {
  override readonly code = 'ATTACHMENT_MISSING'
  /** As the caller gave it. */
  readonly path: string

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(
      `the attachment ${JSON.stringify(path)} ${problem}: expected a regular file that can be read`,
      options,
    )
    this.path = path
  }
}

/** Thrown for an attachment by path that makes the message larger than is allowed; it was not read. */
export class AttachmentTooLargeError extends MailroomError {
  override readonly code = 'ATTACHMENT_TOO_LARGE'
  /** As the caller gave it. */
  readonly path: string
  readonly size: number
  /** What the attachments before it have left of the limit, in bytes. */
  readonly limit: number

  constructor(path: string, size: number, limit: number) {
    super(
      `the attachment ${JSON.stringify(path)} has ${size} bytes, expected at most ${limit}: ` +
        'send a smaller file or a link to it, or raise the job size limit',
    )
    this.path = path
    this.size = size
    this.limit = limit
  }
}

/** Thrown for an attachment by path that somebody keeps writing to: half of it is worse than none. */
export class AttachmentChangedError extends MailroomError {
  override readonly code = 'ATTACHMENT_CHANGED'
  /** As the caller gave it. */
  readonly path: string

  constructor(path: string) {
    super(
      `the attachment ${JSON.stringify(path)} changed each time while it was read: ` +
        'expected a file that nobody writes to; finish writing it first',
    )
    this.path = path
  }
}
