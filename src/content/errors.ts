import { MailroomError } from '../errors.ts'
import type { ContentRef } from '../job/content-ref.ts'

/** Thrown for content that is larger than the place for it takes. */
export class ContentTooLargeError extends MailroomError {
  override readonly code = 'CONTENT_TOO_LARGE'
  readonly size: number
  readonly limit: number

  constructor(size: number, limit: number) {
    super(
      `content of ${size} bytes was to be kept beside the queue, expected at most ${limit}: send ` +
        'less or a link to it, raise "content.maxBytes", or keep content in a directory ("content.store")',
    )
    this.size = size
    this.limit = limit
  }
}

/** Thrown when no more content fits beside the queue; it is free again when messages are settled. */
export class ContentStoreFullError extends MailroomError {
  override readonly code = 'CONTENT_STORE_FULL'
  readonly size: number
  readonly limit: number

  constructor(size: number, limit: number) {
    super(
      `${size} more bytes of content would be more than the ${limit} that may be kept beside the ` +
        'queue: wait until messages are delivered, settle held ones, or raise "content.totalBytes"',
    )
    this.size = size
    this.limit = limit
  }
}

/** Thrown for content that was not the same when it was read again. */
export class ContentChangedError extends MailroomError {
  override readonly code = 'CONTENT_CHANGED'

  constructor() {
    super(
      'content changed while it was read: expected bytes that nobody writes to until `send` is done',
    )
  }
}

/** Thrown for content that is not there, or not whole. */
export class ContentMissingError extends MailroomError {
  override readonly code = 'CONTENT_MISSING'
  readonly sha256: string

  constructor({ sha256, bytes }: ContentRef) {
    super(
      `content ${sha256} of ${bytes} bytes is not beside the queue: somebody removed it, or this ` +
        'worker and the producer keep content in different places ("content.store")',
    )
    this.sha256 = sha256
  }
}

/** Thrown for content whose bytes are not those that were put there. */
export class ContentDamagedError extends MailroomError {
  override readonly code = 'CONTENT_DAMAGED'
  readonly sha256: string

  constructor({ sha256, bytes }: ContentRef) {
    super(
      `content ${sha256} of ${bytes} bytes is not what was put beside the queue: its digest differs`,
    )
    this.sha256 = sha256
  }
}

/** Thrown for a place for content that is none, or that cannot be written. */
export class InvalidContentLocationError extends MailroomError {
  override readonly code = 'INVALID_CONTENT_LOCATION'

  constructor(came: string) {
    super(
      `expected "content.store" to be "queue" or "directory:" and an absolute path, got ${JSON.stringify(came)}`,
    )
  }
}

/** Thrown for tables of content that a newer release has made. */
export class ContentTooNewError extends MailroomError {
  override readonly code = 'CONTENT_TOO_NEW'

  constructor(location: string, known: number, found: number) {
    super(
      `store "${location}" keeps content in version ${found}, expected at most ${known}: run the ` +
        'newer release everywhere',
    )
  }
}

/** Thrown when the directory of contents is not there: not mounted, or another one than the producer's. */
export class ContentUnreachableError extends MailroomError {
  override readonly code = 'CONTENT_UNREACHABLE'

  constructor(path: string) {
    super(
      `there is no content in ${JSON.stringify(path)}: expected the directory that producers write ` +
        'to ("content.store"); check that it is mounted',
    )
  }
}
