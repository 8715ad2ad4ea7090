import * as z from 'zod'

import { MAX_KEY_LENGTH } from './limits.ts'
import { mailboxesInputSchema, reversePathInputSchema } from './mailbox-input.ts'
import { messageInputSchema } from './message-input.ts'
import { property } from './property.ts'
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
  delay: durationInputSchema.optional().describe('Not before so much time from now'),
  sendAt: timeInputSchema.optional().describe('Not before this time; instead of `delay`'),
  priority: z
    .enum(['high', 'normal', 'low'])
    .optional()
    .describe('Which messages of a name are taken first; "normal" by default'),
  notAfter: timeInputSchema.optional().describe('Never sent after this time'),
})

/** What an application asks for. Every value is normalised; nothing unknown is let through. */
export const sendMailSchema = z
  .strictObject({
    connection: connectionSchema.describe('The name of a connection manager'),
    message: messageInputSchema,
    envelope: envelopeSchema.optional().describe('Instead of the one that the message implies'),
    options: optionsSchema.optional(),
  })
  .superRefine(checkTogether, { when: ({ value }) => typeof value === 'object' })

/** What an application gives to send a message. */
export type SendMail = z.input<typeof sendMailSchema>

/** A request as it was understood. */
export type ParsedSendMail = z.output<typeof sendMailSchema>

/** What concerns more than one property. `input` may hold other problems: all are told at once. */
function checkTogether(input: unknown, context: z.RefinementCtx): void {
  const message = property(input, 'message')
  const options = property(input, 'options')
  const envelopeTo = property(property(input, 'envelope'), 'to')
  const recipients = isEmpty(envelopeTo)
    ? ['to', 'cc', 'bcc'].map((key) => property(message, key))
    : [envelopeTo]
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
