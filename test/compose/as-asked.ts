import type { SendMailJob } from '../../src/job/send-mail-job.ts'
import { toEnvelopeAddress, type Mailbox } from '../../src/smtp/address.ts'
import type { PartReading, Reading } from './read-with-python.ts'

/** A reading in which line breaks of texts, and what no reader shows, are as one expects them. */
export function comparable({ headers, body }: Reading) {
  const byName = Object.groupBy(headers, ([name]) => name)
  const values = Object.entries(byName).map(([name, all = []]) => [name, all.map(([, v]) => v)])
  return {
    headers: Object.fromEntries(values),
    body: withoutHabits(body),
    defects: defectsOf(body),
  }
}

/** Boundaries and encodings are anybody's own; texts may have an end of line more. */
function withoutHabits({ parameters, content, parts, ...part }: PartReading): PartReading {
  const isText = part.disposition === null && content !== undefined
  return {
    ...part,
    encoding: '',
    parameters: { ...parameters, boundary: '' },
    ...(content !== undefined && {
      content: isText ? canonical(Buffer.from(content, 'base64').toString()) : content,
    }),
    ...(parts && { parts: parts.map((inner) => withoutHabits(inner)) }),
  }
}

function defectsOf({ defects, parts = [] }: PartReading): readonly string[] {
  return [...defects, ...parts.flatMap((part) => defectsOf(part))]
}

/** What the headers of a job's message have to say, whatever way they are written. */
export function headersAsked({ message, messageId }: SendMailJob) {
  if (message === undefined) throw new Error('expected a message of fields')
  const { from, sender, replyTo = [], to = [], cc = [], headers = [] } = message
  const { inReplyTo, references = [], subject, date = 0 } = message
  return {
    from: boxes(from),
    to: boxes(...to),
    ...(cc.length > 0 && { cc: boxes(...cc) }),
    ...(sender && { sender: boxes(sender) }),
    ...(replyTo.length > 0 && { 'reply-to': boxes(...replyTo) }),
    ...(subject !== undefined && { subject: [subject] }),
    ...(inReplyTo !== undefined && { 'in-reply-to': [inReplyTo] }),
    ...(references.length > 0 && { references: [references.join(' ')] }),
    ...Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), [value]])),
    ...PRIORITIES[message.priority],
    date: [new Date(date).toUTCString().replace('GMT', '+0000')],
    'message-id': [messageId],
    'mime-version': ['1.0'],
  }
}

const PRIORITIES: Readonly<Record<string, object>> = {
  High: { 'x-priority': ['1 (Highest)'], 'x-msmail-priority': ['High'], importance: ['High'] },
  Normal: {},
  Low: { 'x-priority': ['5 (Lowest)'], 'x-msmail-priority': ['Low'], importance: ['Low'] },
}

/** All leaves of a comparable reading: files last, as they come in a message. */
export function leavesOf(part: PartReading): readonly object[] {
  if (part.parts !== undefined) return part.parts.flatMap((inner) => leavesOf(inner))
  const { type, content, filename, contentId, disposition, parameters } = part
  if (disposition === null) return [{ type, content }]
  return [{ filename, contentId, disposition, name: parameters['name'] ?? null, content }]
}

/** What `leavesOf` has to find of a job's message. */
export function leavesAsked({ message }: SendMailJob): readonly object[] {
  const { text, html, attachments = [] } = message ?? {}
  return [
    ...(text === undefined ? [] : [{ type: 'text/plain', content: canonical(text) }]),
    ...(html === undefined ? [] : [{ type: 'text/html', content: canonical(html) }]),
    ...attachments.map(({ filename = null, cid, disposition, content = '' }) => ({
      filename,
      contentId: cid === undefined ? null : `<${cid}>`,
      disposition,
      name: filename,
      content,
    })),
  ]
}

function boxes(...mailboxes: readonly (Mailbox | undefined)[]): readonly (readonly string[])[][] {
  return [
    mailboxes.flatMap((one) => (one ? [[one.name ?? '', toEnvelopeAddress(one)] as const] : [])),
  ]
}

/** Line breaks may become others, and come and go at the end. */
export function canonical(text: string): string {
  return text.replaceAll(/\r\n?|\n/g, '\n').replace(/\n+$/, '')
}
