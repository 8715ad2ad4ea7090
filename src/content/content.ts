import type { ContentRef } from '../job/content-ref.ts'

/** Bytes to keep, and what they are called; they are read again when a try fails. */
export interface ContentSource {
  readonly ref: ContentRef
  read(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** A message that needs some content. */
export interface ContentOwner {
  /** Of the message. */
  readonly id: string
  /** The digest of what was asked for: another request under the same id needs other content. */
  readonly digest: string
}

/**
 * Bytes of messages beside their queue: each kept once, however many messages need it, and gone
 * with the last of them.
 *
 * Whoever needs content is known by name, so that everything may be done twice: it changes nothing.
 * What cannot be reached rejects, and nothing is known then.
 */
export interface ContentStore {
  /**
   * Keeps content for `owner`; what is there already is not read again.
   *
   * Throws `ContentTooLargeError`, `ContentStoreFullError`, and `ContentChangedError` when the
   * source is not what its reference says.
   */
  put(source: ContentSource, owner: ContentOwner): Promise<void>
  /**
   * Reads content in pieces of at most 256 KiB. What comes is not verified: compare its digest.
   * Throws `ContentMissingError`, also after some pieces.
   */
  open(ref: ContentRef): AsyncIterable<Buffer>
  /**
   * Looks whether content is what was put, after somebody found it missing or damaged; what is not is
   * taken away, so that the next `put` brings it back for all who need it.
   */
  verify(ref: ContentRef): Promise<void>
  /**
   * The message needs its content no more, or only that of one request.
   *
   * With `old` only what was put longer ago than the grace: for whoever has found no message, since
   * one that is just being sent again has put its content and is not recorded yet. A sweep sees to it.
   */
  release(id: string, digest?: string, which?: 'all' | 'old'): Promise<void>
  /**
   * Releases the content of messages that do not need it, as far as it was put longer ago than the
   * grace and is not put again meanwhile, and removes what a crash left behind. Answers how many contents are gone.
   */
  sweep(isNeeded: (id: string) => Promise<boolean>): Promise<number>
}

/** What limits a content store, and how patient its sweeper is. */
export interface ContentLimits {
  /** Of one content, in bytes. */
  readonly maxBytes: number
  /** Of all contents together, in bytes. */
  readonly totalBytes: number
  /** How long after it was put content is kept for a message that is not recorded. */
  readonly graceMs: number
}

/** How many bytes are written and read in one go. */
export const PIECE_BYTES = 262_144

/** A day. */
export const DEFAULT_GRACE_MS = 86_400_000
