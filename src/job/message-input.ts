import * as z from 'zod'

import { attachmentInputSchema } from './attachment-input.ts'
import { headersInputSchema } from './header-input.ts'
import { MAX_ATTACHMENTS, MAX_LINE_BYTES, MAX_REFERENCES } from './limits.ts'
import { mailboxesInputSchema, mailboxInputSchema } from './mailbox-input.ts'
import { property } from './property.ts'
import { bodySchema, lineSchema, messageIdSchema } from './text.ts'
import { timeInputSchema } from './time-input.ts'

/** How urgent a message claims to be, as SSIS writes it; only its headers tell. */
export const PRIORITIES = ['High', 'Normal', 'Low'] as const

export type Priority = (typeof PRIORITIES)[number]

const prioritySchema = z.custom<Priority | Lowercase<Priority>>().transform((input, context) => {
  const text: unknown = input
  const found = PRIORITIES.find(
    (priority) => typeof text === 'string' && priority.toLowerCase() === text.toLowerCase(),
  )
  if (found !== undefined) return found
  context.addIssue({ code: 'custom', message: 'expected "High", "Normal" or "Low"' })
  return z.NEVER
})

/** `References` as one text with spaces or as an array; at most 998 octets with its name. */
const referencesSchema = z
  .custom<string | readonly string[]>()
  .transform((input: unknown) =>
    typeof input === 'string' ? input.split(/\s+/).filter((id) => id !== '') : input,
  )
  .pipe(z.array(messageIdSchema).max(MAX_REFERENCES))

const MAX_SUBJECT_BYTES = MAX_LINE_BYTES - 'Subject: '.length

/** A subject that fits on one line when it has no spaces to break it at. */
export const subjectSchema = lineSchema.refine(
  (subject) => Buffer.byteLength(subject) <= MAX_SUBJECT_BYTES,
  `expected at most ${MAX_SUBJECT_BYTES} octets`,
)

/** What the caller says that a message shall be: everything else is refused. */
export const messageInputSchema = z
  .strictObject({
    from: mailboxInputSchema
      .optional()
      .describe("The author; the connection manager's `from` by default"),
    sender: mailboxInputSchema.optional().describe('Who sends on behalf of the author'),
    to: mailboxesInputSchema.optional(),
    cc: mailboxesInputSchema.optional(),
    bcc: mailboxesInputSchema.optional().describe('Recipients whom no header names'),
    replyTo: mailboxesInputSchema.optional(),
    subject: subjectSchema.optional(),
    text: bodySchema.optional().describe('The body as plain text'),
    html: bodySchema.optional().describe('The body as HTML'),
    attachments: z
      .array(attachmentInputSchema)
      .max(MAX_ATTACHMENTS)
      .optional()
      .describe('Files, and with a `cid` inline images'),
    headers: headersInputSchema
      .optional()
      .describe('Further headers, of the names that header-names.ts lists'),
    priority: prioritySchema.optional().describe('"High", "Normal" (default) or "Low"'),
    inReplyTo: messageIdSchema.optional().describe('The message that this one answers'),
    references: referencesSchema.optional().describe('The messages of the conversation'),
    date: timeInputSchema
      .optional()
      .describe('The Date header; when the message is accepted or due by default'),
  })
  .superRefine(refuseDoubleContentIds, { when: ({ value }) => typeof value === 'object' })

/** A message as the caller gives it. */
export type MessageInput = z.input<typeof messageInputSchema>

function refuseDoubleContentIds(message: unknown, context: z.RefinementCtx): void {
  const attachments = property(message, 'attachments')
  if (!Array.isArray(attachments)) return
  const seen = new Set<unknown>()
  for (const [index, entry] of attachments.entries()) {
    const cid = property(property(entry, 'facts') ?? entry, 'cid')
    if (cid !== undefined && seen.has(cid)) {
      const path = ['attachments', index, 'cid']
      context.addIssue({ code: 'custom', path, message: 'another attachment has the same `cid`' })
    }
    seen.add(cid)
  }
}
