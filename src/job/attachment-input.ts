import * as z from 'zod'

import { isBase64 } from './base64.ts'
import type { Placed } from './content-ref.ts'
import { kindOf } from './job-issue.ts'
import { contentIdSchema, contentTypeSchema, filenameSchema } from './text.ts'

/** How a part is meant to be shown: in the message, or as a file beside it (RFC 2183). */
export const DISPOSITIONS = ['inline', 'attachment'] as const

type Disposition = (typeof DISPOSITIONS)[number]

/** What is said about a file of a message beside its bytes. */
export interface AttachmentFacts {
  readonly filename?: string
  readonly contentType?: string
  /** What `cid:…` in the HTML refers to; such a part travels beside the HTML. */
  readonly cid?: string
  readonly disposition: Disposition
}

/** A file of a message as it travels in the queue. */
export type Attachment = AttachmentFacts & Placed

/** A file of a message as it was given, its bytes not yet placed anywhere. */
export interface GivenAttachment {
  readonly facts: AttachmentFacts
  readonly bytes: Uint8Array
}

const properties = z.strictObject({
  filename: filenameSchema
    .optional()
    .describe('What the file is called, without directories; that of `path` by default'),
  contentType: contentTypeSchema.optional().describe('By the file name when absent'),
  cid: contentIdSchema.optional().describe('Makes it an inline image that `cid:…` refers to'),
  disposition: z
    .enum(DISPOSITIONS)
    .optional()
    .describe('"inline" with a `cid`, else "attachment" by default'),
  content: z.custom<string | Uint8Array>().optional().describe('Text or bytes'),
  encoding: z
    .enum(['utf8', 'base64'])
    .optional()
    .describe('What `content` is when it is a string; "utf8" by default'),
  path: z.string().optional().describe('A file to read instead of `content`, when enqueued'),
})

type Given = z.output<typeof properties>

/** A file of a message as the caller gives it. */
export const attachmentInputSchema = properties
  .superRefine(checkContent, { when: ({ value }) => typeof value === 'object' && value !== null })
  .transform(normalise)

/** `value` may hold other problems: all are told at once. */
function checkContent(
  { content, encoding, path }: Partial<Record<keyof Given, unknown>>,
  context: z.RefinementCtx,
): void {
  const complain = (message: string, key?: string): void =>
    context.addIssue({ code: 'custom', message, path: key === undefined ? [] : [key] })
  if (content === undefined && path === undefined) return complain('expected `content` or `path`')
  if (content !== undefined && path !== undefined) {
    return complain('expected `content` or `path`, got both')
  }
  if (path !== undefined) {
    return complain('the file was not read: only the producer reads attachments', 'path')
  }
  if (content instanceof Uint8Array) {
    if (encoding !== undefined) complain('expected none, because the content is bytes', 'encoding')
    return undefined
  }
  if (typeof content !== 'string') {
    return complain(`expected text or bytes, got ${kindOf(content)}`, 'content')
  }
  if (encoding === 'base64' && !isBase64(withoutSpace(content))) {
    complain('expected base64', 'content')
  }
  return undefined
}

function normalise({
  filename,
  contentType,
  cid,
  disposition,
  content,
  encoding,
}: Given): GivenAttachment {
  const facts: AttachmentFacts = {
    ...(filename === undefined ? {} : { filename }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(cid === undefined ? {} : { cid }),
    disposition: disposition ?? (cid === undefined ? 'attachment' : 'inline'),
  }
  return { facts, bytes: bytesOf(content ?? '', encoding) }
}

function bytesOf(content: string | Uint8Array, encoding: Given['encoding']): Uint8Array {
  if (typeof content !== 'string') return content
  return encoding === 'base64' ? Buffer.from(withoutSpace(content), 'base64') : Buffer.from(content)
}

function withoutSpace(text: string): string {
  return /\s/.test(text) ? text.replaceAll(/\s+/g, '') : text
}
