import type { MessageBody } from '../connections/message-body.ts'
import type { Attachment } from '../job/attachment-input.ts'
import type { JobMessage, RawMessage, SendMailJob } from '../job/send-mail-job.ts'
import { toEnvelopeAddress, type Mailbox } from '../smtp/address.ts'
import { NoSenderError } from './errors.ts'
import { attachmentPart } from './mime/attachment-part.ts'
import { encodeText, headerField } from './mime/header.ts'
import { encodeMailboxes } from './mime/mailboxes.ts'
import { joinBody } from './mime/join-body.ts'
import { joinParts, renderPart, type Leaf, type Part } from './mime/part.ts'
import { sharedBodies } from './mime/shared-bodies.ts'
import { plainSegment } from './mime/content-body.ts'
import { spooledOf } from './mime/spooled-of.ts'
import { encodeBody } from './mime/transfer-encoding.ts'
import type { SpooledContent } from './spool.ts'

/** What the connection manager says about every message that goes through it. */
export interface ComposeOptions {
  /** The author of messages that name none. */
  readonly from?: Mailbox | undefined
  /** For staging: gets every message instead of its recipients. */
  readonly redirectAll?: Mailbox | undefined
  /** What the job refers to, by its digest, for as long as the message is sent. */
  readonly contents?: ReadonlyMap<string, SpooledContent>
}

/** A message as it goes over the wire, before dots are doubled. */
export interface ComposedMessage {
  /** Lines end with CRLF, the last one too unless the message is raw. */
  readonly body: MessageBody
  /** The sender of the envelope; empty for the null sender. */
  readonly from: string
  /** Who gets the message instead of the envelope's recipients. */
  readonly redirectedTo?: string
}

/**
 * Builds the bytes of a message (RFC 5322, RFC 2045), the same ones each time; a raw one is sent as
 * it is.
 *
 * Only what the job's contract names reaches a header: nothing is read from files or the network.
 * Throws `NoSenderError`.
 */
export async function composeMessage(
  job: SendMailJob,
  options: ComposeOptions = {},
): Promise<ComposedMessage> {
  const { redirectAll } = options
  const from = job.message?.from ?? options.from
  const sender = job.envelope.from ?? (from && toEnvelopeAddress(from))
  // What is sent as it is needs no author of ours, only somebody who gets reports.
  if (sender === undefined) throw new NoSenderError(job.connection)
  return {
    body:
      job.raw === undefined
        ? await compose(job, job.message, options)
        : rawOf(job, job.raw, options),
    from: sender,
    ...(redirectAll && { redirectedTo: toEnvelopeAddress(redirectAll) }),
  }
}

async function compose(
  job: SendMailJob,
  message: JobMessage,
  { from: lent, redirectAll, contents = new Map() }: ComposeOptions,
): Promise<MessageBody> {
  const from = message.from ?? lent
  if (from === undefined) throw new NoSenderError(job.connection)
  const headers = headersOf(job, message, from, redirectAll)
    .map(([name, value]) => headerField(name, value))
    .join('')
  const { bodies } = message
  const said =
    bodies === undefined ? message : { ...message, ...(await sharedBodies(bodies, contents)) }
  const content = await contentOf(said, contents)
  return joinBody([headers, ...renderPart(content, job.digest)])
}

/** A raw message as it is; a redirected one says in one more field for whom it was. */
function rawOf(
  job: SendMailJob,
  { content, ref, eightBit }: RawMessage,
  { redirectAll, contents = new Map() }: ComposeOptions,
): MessageBody {
  const first = Buffer.from(redirectAll ? headerField(...originalTo(job)) : '')
  if (ref === undefined) return Buffer.concat([first, Buffer.from(content, 'base64')])
  return {
    bytes: first.length + ref.bytes,
    ...(eightBit && { eightBit }),
    segments: [first, plainSegment(spooledOf(ref, contents))],
  }
}

type Field = readonly [name: string, value: string]

const PRIORITY_FIELDS: Readonly<Record<JobMessage['priority'], readonly Field[]>> = {
  High: [
    ['X-Priority', '1 (Highest)'],
    ['X-MSMail-Priority', 'High'],
    ['Importance', 'High'],
  ],
  Normal: [],
  Low: [
    ['X-Priority', '5 (Lowest)'],
    ['X-MSMail-Priority', 'Low'],
    ['Importance', 'Low'],
  ],
}

function headersOf(
  job: SendMailJob,
  message: JobMessage,
  from: Mailbox,
  redirectAll: Mailbox | undefined,
): readonly Field[] {
  const { messageId, acceptedAt, notBefore = 0 } = job
  const { sender, replyTo = [], subject, inReplyTo, references = [] } = message
  const to = redirectAll ? [redirectAll] : (message.to ?? [])
  // Whoever answers all on a staging system must not reach the people who were meant.
  const cc = redirectAll ? [] : (message.cc ?? [])
  const fields: Field[] = [['From', encodeMailboxes([from])]]
  if (sender) fields.push(['Sender', encodeMailboxes([sender])])
  if (replyTo.length > 0) fields.push(['Reply-To', encodeMailboxes(replyTo)])
  if (to.length > 0) fields.push(['To', encodeMailboxes(to)])
  if (cc.length > 0) fields.push(['Cc', encodeMailboxes(cc)])
  if (subject !== undefined) fields.push(['Subject', encodeText(subject)])
  fields.push(['Date', formatDate(message.date ?? Math.max(acceptedAt, notBefore))])
  fields.push(['Message-ID', messageId])
  if (inReplyTo !== undefined) fields.push(['In-Reply-To', inReplyTo])
  if (references.length > 0) fields.push(['References', references.join(' ')])
  fields.push(...PRIORITY_FIELDS[message.priority])
  for (const [name, value] of message.headers ?? []) fields.push([name, encodeText(value)])
  if (redirectAll) fields.push(originalTo(job))
  fields.push(['MIME-Version', '1.0'])
  return fields
}

function originalTo({ envelope }: SendMailJob): Field {
  return ['X-Mailroom-Original-To', encodeText(envelope.to.join(', '))]
}

/** RFC 5322 §3.3. */
function formatDate(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000')
}

/** Text and HTML are alternatives; inline images belong to the HTML, files beside both. */
async function contentOf(
  { text, html, attachments = [] }: JobMessage,
  contents: ReadonlyMap<string, SpooledContent>,
): Promise<Part> {
  if (attachments.length === 0) return bodyOf(text, html, [])
  const partsOf = (some: readonly Attachment[]): Promise<readonly Part[]> =>
    Promise.all(some.map((attachment) => attachmentPart(attachment, contents)))
  const isRelated = ({ cid }: Attachment): boolean => html !== undefined && cid !== undefined
  const related = await partsOf(attachments.filter((attachment) => isRelated(attachment)))
  const files = await partsOf(attachments.filter((attachment) => !isRelated(attachment)))
  return joinParts('mixed', bodyOf(text, html, related), files)
}

function bodyOf(
  text: string | undefined,
  html: string | undefined,
  related: readonly Part[],
): Part {
  if (html === undefined) return textPart('plain', text ?? '')
  const page = joinParts('related', textPart('html', html), related)
  return text === undefined ? page : joinParts('alternative', textPart('plain', text), [page])
}

function textPart(subtype: 'plain' | 'html', text: string): Leaf {
  const { encoding, body } = encodeBody(text)
  return {
    kind: 'leaf',
    headers: [
      ['Content-Type', `text/${subtype}; charset=utf-8`],
      ['Content-Transfer-Encoding', encoding],
    ],
    body,
  }
}
