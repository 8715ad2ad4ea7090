import { createHash } from 'node:crypto'
import { basename } from 'node:path'

import type { ContentSource } from '../content/content.ts'
import type { ContentRef } from '../job/content-ref.ts'
import type { MessageInput } from '../job/message-input.ts'
import type { StoredParts } from '../job/place-contents.ts'
import { property } from '../job/property.ts'
import type { SendMail } from '../job/send-mail.ts'
import { createDigestMemory, type DigestMemory } from './digest-memory.ts'
import { snapshotRaw } from './raw-file.ts'
import { lookWithin, streamWithin, type StableFile } from './read-within.ts'

/** Where files may come from, and how much of them is taken. */
export interface SnapshotOptions {
  /** Folders whose files, and those of folders in them, may be sent; none by default. */
  readonly roots: readonly string[]
  /** Of all files of a message together. */
  readonly maxBytes: number
  /** A file of more bytes is only looked at, to be read again when it is put beside the queue. */
  readonly inlineBytes: number
  /** Saves reading a large file for each of many messages; each reads it by default. */
  readonly memory?: DigestMemory
  readonly signal?: AbortSignal
}

/** A request whose files were read, or looked at. */
export interface Snapshot {
  /** With small files in it; in the place of large ones there is nothing. */
  readonly input: SendMail
  readonly stored: StoredParts
  /** The large ones. */
  readonly sources: readonly (ContentSource & { readonly path: string })[]
  /** How much of the large ones was read. */
  readonly readBytes: number
}

/**
 * Reads the files that are given by path, so that the message is what it was when enqueued.
 *
 * Whatever else is wrong with `input` is left for `createJob` to say. Throws
 * `AttachmentOutsideRootsError`, `AttachmentMissingError`, `AttachmentTooLargeError`,
 * `AttachmentChangedError` or `UnsendableRawError`.
 */
export async function snapshotFiles(input: SendMail, options: SnapshotOptions): Promise<Snapshot> {
  // Callers without types may give anything.
  const raw: unknown = property(input, 'raw')
  if (raw !== undefined) return snapshotRaw(input, options)
  const attachments: unknown = property(property(input, 'message'), 'attachments')
  if (!isList(attachments) || !attachments.some(isByPath) || !input.message) {
    return { input, stored: { attachments: new Map() }, sources: [], readBytes: 0 }
  }
  const seen: Attachment[] = []
  const refs = new Map<number, ContentRef>()
  const sources: Snapshot['sources'][number][] = []
  let bytesLeft = options.maxBytes
  let readBytes = 0
  for (const attachment of attachments) {
    if (!isByPath(attachment)) {
      seen.push(attachment)
      continue
    }
    const { path, ...others } = attachment
    const file = await snapshotFile(path, { ...options, maxBytes: bytesLeft })
    bytesLeft -= file.bytes
    if (file.ref) {
      const { ref } = file
      if (file.isRead === true) readBytes += ref.bytes
      refs.set(seen.length, ref)
      sources.push({ path, ref, read: () => streamWithin(path, options) })
    }
    const content = file.content ?? Buffer.of()
    seen.push({ ...others, filename: others.filename ?? basename(path), content })
  }
  return {
    input: { ...input, message: { ...input.message, attachments: seen } },
    stored: { attachments: refs },
    sources,
    readBytes,
  }
}

interface FileSnapshot {
  readonly bytes: number
  readonly content?: Buffer
  readonly ref?: ContentRef
  readonly isRead?: boolean
}

function snapshotFile(path: string, options: SnapshotOptions): Promise<FileSnapshot> {
  const { memory = createDigestMemory() } = options
  return lookWithin(path, options, async (file) => {
    const bytes = file.size
    if (bytes <= options.inlineBytes) return { bytes, content: await wholeOf(file) }
    const { sha256, isRead } = await memory.digestOf(path, file, () => digestOf(file))
    return { bytes, ref: { sha256, bytes }, isRead }
  })
}

async function digestOf(file: StableFile): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of file.pieces()) hash.update(piece)
  return hash.digest('hex')
}

async function wholeOf(file: StableFile): Promise<Buffer> {
  const read: Buffer[] = []
  for await (const piece of file.pieces()) read.push(piece)
  return Buffer.concat(read)
}

type Attachment = NonNullable<MessageInput['attachments']>[number]
type ByPath = Attachment & { readonly path: string }

function isList(value: unknown): value is readonly Attachment[] {
  return Array.isArray(value)
}

function isByPath(attachment: Attachment | null | undefined): attachment is ByPath {
  return typeof attachment?.path === 'string' && attachment.content === undefined
}
