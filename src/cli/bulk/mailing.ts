import { createHash, hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

import type { MessageInput } from '../../job/message-input.ts'
import { AttachmentMissingError } from '../../producer/attachment-errors.ts'
import type { Mail } from '../../producer/mailroom.ts'
import { UsageError } from '../errors.ts'
import { valueOf, type Columns, type Recipient, type Uses } from './recipients.ts'
import { escapeHtml, parseTemplate, type Template } from './template.ts'

/** One message for many recipients. */
export interface Mailing extends Uses {
  /** Names the mailing: nobody gets a message of the same one twice. */
  readonly campaign: string
  /** The message for one recipient. */
  mailFor(recipient: Recipient): Mail<string>
  /** The same for rows that make the same message for the same recipient. */
  keyOf(recipient: Recipient): string
}

type Part = 'subject' | 'text' | 'html'

/**
 * Makes a mailing of a message whose subject, text and HTML may have places for fields.
 *
 * Without `campaign` it is named by a digest of connection and message: the list may be mended and
 * sent to again, and only who is new in it gets the message. Throws `UsageError`,
 * `InvalidTemplateError` and `AttachmentMissingError`.
 */
export async function createMailing(
  mail: Mail<string>,
  columns: Columns,
  campaign?: string,
): Promise<Mailing> {
  const { message, envelope } = mail
  if (envelope?.to !== undefined) {
    throw new UsageError('"--to-file" says who gets the message: expected no other envelope')
  }
  if (message === undefined) {
    throw new UsageError('"--to-file" expects a message with a text, got one that is sent as it is')
  }
  const templates = templatesOf(message, columns)
  const name = campaign ?? (await digestOf(mail.connection, message))
  const fields = [...new Set(Object.values(templates).flatMap((template) => template.fields))]
  const keyOf = (recipient: Recipient): string => {
    const { to } = recipient
    const used = fields.map((field) => [field, valueOf(recipient, columns, field)])
    const content = JSON.stringify([to.address, to.name ?? '', used])
    return `mailing/${name}/${hash('sha256', content, 'base64url')}`
  }
  return {
    campaign: name,
    fields,
    subjectFields: templates.subject?.fields ?? [],
    keyOf,
    mailFor: (recipient) => ({
      ...mail,
      message: { ...message, to: [recipient.to], ...filled(templates, recipient, columns) },
      options: { ...mail.options, idempotencyKey: keyOf(recipient) },
    }),
  }
}

type Templates = Readonly<Partial<Record<Part, Template>>>

function templatesOf({ subject, text, html }: MessageInput, { names }: Columns): Templates {
  return {
    ...(subject !== undefined && { subject: parseTemplate('the subject', subject, names) }),
    ...(text !== undefined && { text: parseTemplate('the text', text, names) }),
    ...(html !== undefined && { html: parseTemplate('the HTML', html, names, escapeHtml) }),
  }
}

function filled(
  templates: Templates,
  recipient: Recipient,
  columns: Columns,
): Readonly<Partial<Record<Part, string>>> {
  const { subject, text, html } = templates
  const value = (field: string): string => valueOf(recipient, columns, field)
  return {
    ...(subject && { subject: subject.render(value) }),
    ...(text && { text: text.render(value) }),
    ...(html && { html: html.render(value) }),
  }
}

async function digestOf(connection: string, message: MessageInput): Promise<string> {
  const { attachments = [], ...rest } = message
  const digest = createHash('sha256').update(JSON.stringify([connection, rest]))
  for (const { path, content, ...facts } of attachments) {
    digest.update(JSON.stringify(facts))
    if (content !== undefined) digest.update(content)
    if (path === undefined) continue
    await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) digest.update(chunk)
    }).catch((cause: unknown) => {
      throw new AttachmentMissingError(path, 'cannot be read', { cause })
    })
  }
  return digest.digest('base64url').slice(0, 22)
}
