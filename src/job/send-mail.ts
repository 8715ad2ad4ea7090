import * as z from 'zod'

import { dsnRequestSchema } from '../smtp/dsn.ts'
import { uncertainPolicySchema } from '../smtp/uncertain-policy.ts'
import { MAX_KEY_LENGTH } from './limits.ts'
import { mailboxesInputSchema, reversePathInputSchema } from './mailbox-input.ts'
import type { MailboxInput, MailboxesInput } from './mailbox-input.ts'
import { messageInputSchema, type MessageInput } from './message-input.ts'
import { property } from './property.ts'
import { rawInputSchema, type RawInput } from './raw-input.ts'
import { connectionSchema } from './text.ts'
import { durationInputSchema, timeInputSchema } from './time-input.ts'

export type { SendMailJob } from './send-mail-job.ts'

const envelopeSchema = z.strictObject({
  from: reversePathInputSchema
    .optional()
    .describe('Who gets reports about the message, or "" for nobody; the author by default'),
  to: mailboxesInputSchema
    .optional()
    .describe('Who gets the message; everybody in to, cc and bcc by default'),
})

const optionsSchema = z.strictObject({
  idempotencyKey: z
    .string()
    .min(1, 'expected at least one character')
    .max(MAX_KEY_LENGTH)
    .optional()
    .describe('The same key twice is one message'),
  fingerprint: z
    .string()
    .min(1, 'expected at least one character')
    .max(MAX_KEY_LENGTH)
    .optional()
    .describe('What must be the same under one key; the whole message by default'),
  delay: durationInputSchema.optional().describe('Not before so much time from now'),
  sendAt: timeInputSchema.optional().describe('Not before this time; instead of `delay`'),
  priority: z
    .enum(['high', 'normal', 'low'])
    .optional()
    .describe('Which messages of a name are taken first; "normal" by default'),
  supersedes: z
    .string()
    .min(1, 'expected at least one character')
    .max(MAX_KEY_LENGTH)
    .optional()
    .describe('Of messages with the same text here only the newest is sent'),
  notAfter: timeInputSchema.optional().describe('Never sent after this time'),
  uncertain: uncertainPolicySchema
    .optional()
    .describe(
      "What becomes of it when its answer never comes; the connection manager's by default",
    ),
  dsn: dsnRequestSchema
    .optional()
    .describe('Which reports servers are asked for (RFC 3461); what they do unasked by default'),
  requireTls: z
    .boolean()
    .optional()
    .describe('Under verified TLS to its last server, or not at all (RFC 8689); false by default'),
})

const requestSchema = z
  .strictObject({
    connection: connectionSchema.describe('The name of a connection manager'),
    message: messageInputSchema.optional().describe('What the message says; or else `raw`'),
    raw: rawInputSchema
      .optional()
      .describe('A whole message that travels as it is, instead of `message`'),
    envelope: envelopeSchema.optional().describe('Instead of the one that the message implies'),
    options: optionsSchema.optional(),
  })
  .superRefine(checkTogether, { when: ({ value }) => typeof value === 'object' })

/** What an application asks for. Every value is normalised; nothing unknown is let through. */
export const sendMailSchema = requestSchema.transform((parsed): ParsedSendMail => {
  const { message, raw, ...around } = parsed
  if (message !== undefined) return { ...around, message }
  return { ...around, raw: raw ?? Buffer.alloc(0) }
})

interface Around {
  readonly connection: string
  readonly options?: z.input<typeof optionsSchema> | undefined
}

/** A message that is composed of its parts. */
export interface ComposedMail extends Around {
  readonly message: MessageInput
  readonly raw?: undefined
  readonly envelope?: z.input<typeof envelopeSchema> | undefined
}

/** A message that is sent as it is; its headers say nothing about who gets it. */
export interface RawMail extends Around {
  readonly raw: RawInput
  readonly message?: undefined
  readonly envelope: {
    /** Who gets reports, or "" for nobody; the connection manager's `from` by default. */
    readonly from?: MailboxInput | undefined
    readonly to: MailboxesInput
  }
}

/** What an application gives to send a message. */
export type SendMail = ComposedMail | RawMail

/** A request as it was understood. */
export type ParsedSendMail = { readonly connection: string } & Pick<
  Parsed,
  'envelope' | 'options'
> &
  (
    | { readonly message: NonNullable<Parsed['message']>; readonly raw?: undefined }
    | { readonly raw: Uint8Array; readonly message?: undefined }
  )

type Parsed = z.output<typeof requestSchema>

/** What concerns more than one property. `input` may hold other problems: all are told at once. */
function checkTogether(input: unknown, context: z.RefinementCtx): void {
  const message = property(input, 'message')
  const options = property(input, 'options')
  const envelopeTo = property(property(input, 'envelope'), 'to')
  const recipients = isEmpty(envelopeTo)
    ? ['to', 'cc', 'bcc'].map((key) => property(message, key))
    : [envelopeTo]
  const raw = property(input, 'raw')
  if (raw !== undefined && message !== undefined) {
    const text = 'expected `message` or `raw`, got both'
    context.addIssue({ code: 'custom', path: ['raw'], message: text })
  } else if (raw === undefined && message === undefined) {
    const text = 'expected object, got undefined: a message here, or a whole one in `raw`'
    context.addIssue({ code: 'custom', path: ['message'], message: text })
  } else if (raw !== undefined && isEmpty(envelopeTo)) {
    const text = 'expected the recipients of a raw message: its headers are not looked at for them'
    context.addIssue({ code: 'custom', path: ['envelope', 'to'], message: text })
  }
  if (typeof message === 'object' && message !== null && recipients.every(isEmpty)) {
    const text = 'expected at least one recipient in `to`, `cc`, `bcc` or `envelope.to`'
    context.addIssue({ code: 'custom', path: ['message'], message: text })
  }
  if (property(options, 'delay') !== undefined && property(options, 'sendAt') !== undefined) {
    const text = 'expected `delay` or `sendAt`, got both'
    context.addIssue({ code: 'custom', path: ['options'], message: text })
  }
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === ''
  return value === undefined || (Array.isArray(value) && value.length === 0)
}
