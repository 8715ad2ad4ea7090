import * as z from 'zod'

import type { Mailbox } from '../smtp/address.ts'
import { findAddressProblem } from '../smtp/address-syntax.ts'
import { keptDsnRequestSchema, type KeptDsnRequest } from '../smtp/dsn.ts'
import { keptUncertainPolicySchema, type UncertainPolicy } from '../smtp/uncertain-policy.ts'
import { DISPOSITIONS, type Attachment } from './attachment-input.ts'
import { isBase64 } from './base64.ts'
import { contentRefSchema, type ContentRef, type Placed } from './content-ref.ts'
import { findHeaderProblem, type Header } from './header-input.ts'
import {
  MAX_ATTACHMENTS,
  MAX_HEADERS,
  MAX_NAME_LENGTH,
  MAX_PACKED_BYTES,
  MAX_RECIPIENTS,
  MAX_REFERENCES,
  MAX_TIME_MS,
} from './limits.ts'
import { PRIORITIES, subjectSchema, type Priority } from './message-input.ts'
import { property } from './property.ts'
import { MAX_AUTHOR_DOMAINS } from './raw-authors.ts'
import {
  bodySchema,
  connectionSchema,
  contentIdSchema,
  contentTypeSchema,
  filenameSchema,
  lineSchema,
  messageIdSchema,
} from './text.ts'

/**
 * The versions of `SendMailJob` that this release reads. It writes the oldest one that says all of the
 * message: workers of an older release go on with what they understand, and leave the rest alone.
 *
 * | version | what it adds |
 * |---|---|
 * | 1 | the message, its envelope and its schedule |
 * | 2 | `dsn` and `requireTls` |
 * | 3 | `deflate`, `zstd` (`packed-bodies.ts`) or `bodies` in the place of `text` and `html` |
 */
export const JOB_VERSIONS = [1, 2, 3] as const

/** The version of a job that has its text and HTML elsewhere than in `text` and `html`. */
export const BODIES_ELSEWHERE_VERSION = 3

/** The version of a job with these wishes, and with its text and HTML in it or beside the queue. */
export function versionOf(
  { dsn, requireTls }: Pick<Shell, 'dsn' | 'requireTls'>,
  bodies?: ContentRef,
): JobVersion {
  if (bodies !== undefined) return BODIES_ELSEWHERE_VERSION
  return dsn === undefined && requireTls === undefined ? 1 : 2
}

export type JobVersion = (typeof JOB_VERSIONS)[number]

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
  /** Text and HTML that other messages have as well, beside the queue. */
  readonly bodies?: ContentRef
  readonly attachments?: readonly Attachment[]
  readonly headers?: readonly Header[]
  readonly priority: Priority
  readonly inReplyTo?: string
  readonly references?: readonly string[]
  /** The Date header; absent for the time at which it was accepted or due. */
  readonly date?: number
}

/** A whole message that is sent as it is, byte for byte. */
export type RawMessage = Placed & {
  /** Where it has more than ASCII; absent when nowhere. */
  readonly eightBit?: 'body' | 'headers'
  /** Of all its authors, as its headers tell; absent when they do not. */
  readonly authorDomains?: readonly string[]
}

/** A message as it waits in the queue: JSON. Points in time are ms since 1970. */
export type SendMailJob = Shell &
  (
    | { readonly message: JobMessage; readonly raw?: never }
    | { readonly raw: RawMessage; readonly message?: never }
  )

interface Shell {
  readonly version: JobVersion
  readonly id: string
  readonly connection: string
  /** With angle brackets; the same in every attempt. */
  readonly messageId: string
  /** Of everything that the caller asked for. */
  readonly digest: string
  readonly acceptedAt: number
  readonly notBefore?: number
  readonly notAfter?: number
  /** Absent for that of the connection manager. */
  readonly uncertain?: UncertainPolicy
  readonly dsn?: KeptDsnRequest
  readonly requireTls?: true
  readonly envelope: {
    /** Empty for the null sender; absent when it follows from the default sender. */
    readonly from?: string
    readonly to: readonly string[]
  }
}

const timeSchema = z.int().min(0).max(MAX_TIME_MS)
const mailboxSchema = z.strictObject({
  name: lineSchema.max(MAX_NAME_LENGTH).exactOptional(),
  address: z.string().refine(isAddress, 'expected an address'),
})
const mailboxesSchema = z.array(mailboxSchema)

const contentSchema = z.string().refine(isBase64, 'expected base64')

/** They become texts in memory: no more than a job may have in it. */
const sharedBodiesSchema = contentRefSchema.refine(
  ({ bytes }) => bytes <= MAX_PACKED_BYTES,
  `expected at most ${MAX_PACKED_BYTES} bytes`,
)

const messageSchema = z.strictObject({
  from: mailboxSchema.exactOptional(),
  sender: mailboxSchema.exactOptional(),
  to: mailboxesSchema.exactOptional(),
  cc: mailboxesSchema.exactOptional(),
  replyTo: mailboxesSchema.exactOptional(),
  subject: subjectSchema.exactOptional(),
  text: bodySchema.exactOptional(),
  html: bodySchema.exactOptional(),
  bodies: sharedBodiesSchema.exactOptional(),
  attachments: z
    .array(
      z
        .strictObject({
          filename: filenameSchema.exactOptional(),
          contentType: contentTypeSchema.exactOptional(),
          cid: contentIdSchema.exactOptional(),
          disposition: z.enum(DISPOSITIONS),
          content: contentSchema.exactOptional(),
          ref: contentRefSchema.exactOptional(),
        })
        .refine(isPlaced, 'expected `content` or `ref`'),
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

const rawSchema = z
  .strictObject({
    eightBit: z.enum(['body', 'headers']).exactOptional(),
    authorDomains: z.array(lineSchema).min(1).max(MAX_AUTHOR_DOMAINS).exactOptional(),
    content: contentSchema.exactOptional(),
    ref: contentRefSchema.exactOptional(),
  })
  .refine(isPlaced, 'expected `content` or `ref`')

/** What a worker accepts from the queue: between producer and worker lies time, and other hands. */
export const sendMailJobSchema = z
  .strictObject({
    version: z.literal(JOB_VERSIONS),
    id: z.string().regex(/^[\w.-]{1,128}$/, 'expected an id'),
    connection: connectionSchema,
    messageId: messageIdSchema,
    digest: z.string().regex(/^[\w-]{16,48}$/, 'expected a digest'),
    acceptedAt: timeSchema,
    notBefore: timeSchema.exactOptional(),
    notAfter: timeSchema.exactOptional(),
    uncertain: keptUncertainPolicySchema.exactOptional(),
    dsn: keptDsnRequestSchema.exactOptional(),
    requireTls: z.literal(true).exactOptional(),
    envelope: z.strictObject({
      from: z
        .string()
        .refine((from) => from === '' || isAddress(from), 'expected an address')
        .exactOptional(),
      to: z.array(z.string().refine(isAddress, 'expected an address')).min(1).max(MAX_RECIPIENTS),
    }),
    message: messageSchema.exactOptional(),
    raw: rawSchema.exactOptional(),
  })
  .refine(hasOneMessage, 'expected `message` or `raw`')
  .refine(hasBodiesOnce, {
    path: ['message', 'bodies'],
    error: 'expected it in version 3 only, without `text` and `html`',
  })

/** A job that was found valid, as the type that has no contradictions. */
export function isSendMailJob(job: unknown): job is SendMailJob {
  return hasOneMessage({ message: property(job, 'message'), raw: property(job, 'raw') })
}

function isPlaced({
  content,
  ref,
}: {
  readonly content?: unknown
  readonly ref?: unknown
}): boolean {
  return (content === undefined) !== (ref === undefined)
}

function hasOneMessage(job: { readonly message?: unknown; readonly raw?: unknown }): boolean {
  return (job.message === undefined) !== (job.raw === undefined)
}

function hasBodiesOnce({
  version,
  message: { bodies, text, html } = {},
}: {
  readonly version: JobVersion
  readonly message?: { readonly bodies?: unknown; readonly text?: unknown; readonly html?: unknown }
}): boolean {
  if (bodies === undefined) return true
  return version === BODIES_ELSEWHERE_VERSION && text === undefined && html === undefined
}

function isAddress(address: string): boolean {
  return findAddressProblem(address) === undefined
}

function isHeader([name, value]: Header): boolean {
  return findHeaderProblem(name, value) === undefined
}
