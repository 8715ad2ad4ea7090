import * as z from 'zod'

import type { Mailbox } from '../smtp/address.ts'
import { findAddressProblem } from '../smtp/address-syntax.ts'
import { BASE64, DISPOSITIONS, type Attachment } from './attachment-input.ts'
import { findHeaderProblem, type Header } from './header-input.ts'
import {
  MAX_ATTACHMENTS,
  MAX_HEADERS,
  MAX_NAME_LENGTH,
  MAX_RECIPIENTS,
  MAX_REFERENCES,
  MAX_TIME_MS,
} from './limits.ts'
import { PRIORITIES, subjectSchema, type Priority } from './message-input.ts'
import {
  bodySchema,
  connectionSchema,
  contentIdSchema,
  contentTypeSchema,
  filenameSchema,
  lineSchema,
  messageIdSchema,
} from './text.ts'

/** The version of `SendMailJob` that this release writes, and the only one that it reads. */
export const JOB_VERSION = 1

/** The message of a job: everything that its bytes are made of, but for a default sender. */
export interface JobMessage {
  /** Absent when the connection manager's `from` is to be used. */
  readonly from?: Mailbox
  readonly sender?: Mailbox
  readonly to?: readonly Mailbox[]
  readonly cc?: readonly Mailbox[]
  readonly replyTo?: readonly Mailbox[]
  readonly subject?: string
  readonly text?: string
  readonly html?: string
  readonly attachments?: readonly Attachment[]
  readonly headers?: readonly Header[]
  readonly priority: Priority
  readonly inReplyTo?: string
  readonly references?: readonly string[]
  /** The Date header; absent for the time at which it was accepted or due. */
  readonly date?: number
}

/** A message as it waits in the queue: JSON, version 1. Points in time are ms since 1970. */
export interface SendMailJob {
  readonly version: typeof JOB_VERSION
  readonly id: string
  readonly connection: string
  /** With angle brackets; the same in every attempt. */
  readonly messageId: string
  /** Of everything that the caller asked for. */
  readonly digest: string
  readonly acceptedAt: number
  readonly notBefore?: number
  readonly notAfter?: number
  readonly envelope: {
    /** Empty for the null sender; absent when it follows from the default sender. */
    readonly from?: string
    readonly to: readonly string[]
  }
  readonly message: JobMessage
}

const timeSchema = z.int().min(0).max(MAX_TIME_MS)
const mailboxSchema = z.strictObject({
  name: lineSchema.max(MAX_NAME_LENGTH).exactOptional(),
  address: z.string().refine(isAddress, 'expected an address'),
})
const mailboxesSchema = z.array(mailboxSchema)

const messageSchema = z.strictObject({
  from: mailboxSchema.exactOptional(),
  sender: mailboxSchema.exactOptional(),
  to: mailboxesSchema.exactOptional(),
  cc: mailboxesSchema.exactOptional(),
  replyTo: mailboxesSchema.exactOptional(),
  subject: subjectSchema.exactOptional(),
  text: bodySchema.exactOptional(),
  html: bodySchema.exactOptional(),
  attachments: z
    .array(
      z.strictObject({
        filename: filenameSchema.exactOptional(),
        contentType: contentTypeSchema.exactOptional(),
        cid: contentIdSchema.exactOptional(),
        disposition: z.enum(DISPOSITIONS),
        content: z.string().regex(BASE64, 'expected base64'),
      }),
    )
    .max(MAX_ATTACHMENTS)
    .exactOptional(),
  headers: z
    .array(z.tuple([z.string(), z.string()]).refine(isHeader, 'expected a permitted header'))
    .max(MAX_HEADERS)
    .exactOptional(),
  priority: z.enum(PRIORITIES),
  inReplyTo: messageIdSchema.exactOptional(),
  references: z.array(messageIdSchema).max(MAX_REFERENCES).exactOptional(),
  date: timeSchema.exactOptional(),
})

/** What a worker accepts from the queue: between producer and worker lies time, and other hands. */
export const sendMailJobSchema = z.strictObject({
  version: z.literal(JOB_VERSION),
  id: z.string().regex(/^[\w.-]{1,128}$/, 'expected an id'),
  connection: connectionSchema,
  messageId: messageIdSchema,
  digest: z.string().regex(/^[\w-]{16,48}$/, 'expected a digest'),
  acceptedAt: timeSchema,
  notBefore: timeSchema.exactOptional(),
  notAfter: timeSchema.exactOptional(),
  envelope: z.strictObject({
    from: z
      .string()
      .refine((from) => from === '' || isAddress(from), 'expected an address')
      .exactOptional(),
    to: z.array(z.string().refine(isAddress, 'expected an address')).min(1).max(MAX_RECIPIENTS),
  }),
  message: messageSchema,
})

function isAddress(address: string): boolean {
  return findAddressProblem(address) === undefined
}

function isHeader([name, value]: Header): boolean {
  return findHeaderProblem(name, value) === undefined
}
