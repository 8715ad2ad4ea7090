import { basename } from 'node:path'

import type { MessageInput } from '../job/message-input.ts'
import { property } from '../job/property.ts'
import type { SendMail } from '../job/send-mail.ts'
import { readWithin } from './read-within.ts'

/** Where attachments may come from, and how much of them is taken. */
export interface SnapshotOptions {
  /** Folders whose files, and those of folders in them, may be attached; none by default. */
  readonly roots: readonly string[]
  /** Of all files of a message together. */
  readonly maxBytes: number
  readonly signal?: AbortSignal
}

type Attachment = NonNullable<MessageInput['attachments']>[number]

/**
 * Reads the files that are given by path, so that the message is what it was when enqueued.
 *
 * Whatever else is wrong with `input` is left for `createJob` to say. Throws
 * `AttachmentOutsideRootsError`, `AttachmentMissingError`, `AttachmentTooLargeError` or
 * `AttachmentChangedError`.
 */
export async function snapshotAttachments(
  input: SendMail,
  options: SnapshotOptions,
): Promise<SendMail> {
  // Callers without types may give anything.
  if (isObject(property(input, 'raw'))) return snapshotRaw(input, options)
  const attachments: unknown = property(property(input, 'message'), 'attachments')
  if (!isList(attachments) || !attachments.some(isByPath) || !input.message) return input

  let bytesLeft = options.maxBytes
  const read: Attachment[] = []
  for (const attachment of attachments) {
    if (!isByPath(attachment)) {
      read.push(attachment)
      continue
    }
    const { path, ...others } = attachment
    const content = await readWithin(path, { ...options, maxBytes: bytesLeft })
    bytesLeft -= content.length
    read.push({ ...others, filename: others.filename ?? basename(path), content })
  }
  return { ...input, message: { ...input.message, attachments: read } }
}

async function snapshotRaw(input: SendMail, options: SnapshotOptions): Promise<SendMail> {
  const { raw } = input
  if (typeof raw !== 'object' || raw instanceof Uint8Array) return input
  const { path, content, ...others } = raw
  if (typeof path !== 'string' || content !== undefined) return input
  return { ...input, raw: { ...others, content: await readWithin(path, options) } }
}

type ByPath = Attachment & { readonly path: string }

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isList(value: unknown): value is readonly Attachment[] {
  return Array.isArray(value)
}

function isByPath(attachment: Attachment | null | undefined): attachment is ByPath {
  return typeof attachment?.path === 'string' && attachment.content === undefined
}
