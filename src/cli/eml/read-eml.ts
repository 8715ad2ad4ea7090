import { findHeaderProblem } from '../../job/header-input.ts'
import type { MessageInput } from '../../job/message-input.ts'
import { parseMailboxList } from '../../smtp/address.ts'
import { InvalidEmlError } from '../errors.ts'
import { decodeWords } from './encoded-words.ts'
import { fieldOf, type HeaderField } from './header-fields.ts'
import { parseMimePart, textOf, type MimePart } from './mime-part.ts'

type Message = MessageInput
type Attachment = NonNullable<Message['attachments']>[number]
type Address = { readonly name?: string; readonly address: string }

/** A message read from an `.eml` file, as a job takes it. */
export interface ReadEml {
  readonly message: Message
  /** Names of header fields that a job cannot carry and that no part of the message stands for. */
  readonly leftOut: readonly string[]
}

/**
 * Reads a whole message (RFC 5322, MIME) into the contract of jobs.
 *
 * Its text, HTML, attachments and every header that a job may have are kept; the Message-ID, trace
 * fields and signatures are not, because the message is composed anew. Throws `InvalidEmlError`
 * for addresses that cannot be read, and for a message whose signature could not hold.
 */
export function readEml(bytes: Buffer): ReadEml {
  const root = parseMimePart(bytes)
  if (root.fields.length === 0) throw new InvalidEmlError('has no header: expected an .eml file')
  const { fields } = root
  if (/^\s*multipart\/(signed|encrypted)\b/i.test(fieldOf(fields, 'Content-Type') ?? '')) {
    throw new InvalidEmlError(
      'is signed or encrypted, which would not survive: it is composed anew; send it without',
    )
  }
  const { headers, leftOut } = readHeaders(fields)
  const [from, ...authors] = mailboxesOf(fields, 'From')
  if (authors.length > 0) throw new InvalidEmlError('has several authors in "From": expected one')
  const [sender] = mailboxesOf(fields, 'Sender')
  const subject = fieldOf(fields, 'Subject')
  const inReplyTo = identifiersOf(fields, 'In-Reply-To')[0]
  const references = identifiersOf(fields, 'References')
  const date = new Date(fieldOf(fields, 'Date') ?? '')
  const priority = priorityOf(fields)
  return {
    leftOut,
    message: {
      ...(from && { from }),
      ...(sender && { sender }),
      to: mailboxesOf(fields, 'To'),
      cc: mailboxesOf(fields, 'Cc'),
      bcc: mailboxesOf(fields, 'Bcc'),
      replyTo: mailboxesOf(fields, 'Reply-To'),
      ...(subject !== undefined && { subject: decodeWords(subject) }),
      ...readBodies(root),
      headers,
      ...(priority && { priority }),
      ...(inReplyTo !== undefined && { inReplyTo }),
      references,
      ...(!Number.isNaN(date.getTime()) && { date }),
    },
  }
}

function mailboxesOf(fields: readonly HeaderField[], name: string): readonly Address[] {
  const values = fields.filter((field) => field.name.toLowerCase() === name.toLowerCase())
  return values.flatMap(({ value }) => {
    // `undisclosed-recipients:;` and its kin (RFC 5322 §3.4) name nobody.
    if (value === '' || /^[^:;<>@]*:\s*;$/.test(value)) return []
    const parsed = parseMailboxList(value)
    if (parsed.kind !== 'mailboxes') {
      throw new InvalidEmlError(`has an address in "${name}" that cannot be read`)
    }
    return parsed.mailboxes.map(({ address, name: shown }) =>
      shown === undefined ? { address } : { address, name: decodeWords(shown) },
    )
  })
}

function identifiersOf(fields: readonly HeaderField[], name: string): readonly string[] {
  return (fieldOf(fields, name) ?? '').match(/<[^<>\s]+>/g) ?? []
}

function priorityOf(fields: readonly HeaderField[]): 'High' | 'Low' | undefined {
  const importance = fieldOf(fields, 'Importance')?.toLowerCase()
  const level = Number.parseInt(fieldOf(fields, 'X-Priority') ?? '', 10)
  if (importance === 'high' || level === 1 || level === 2) return 'High'
  if (importance === 'low' || level === 4 || level === 5) return 'Low'
  return undefined
}

/** What the message says in another way, or what only its own path and bytes gave a meaning. */
const NOT_MISSED =
  /^(?:from|sender|to|cc|bcc|reply-to|subject|date|in-reply-to|references|importance|x-priority|x-msmail-priority|mime-version|content-.*|return-path|received|x-envelope-to|delivered-to)$/i

function readHeaders(fields: readonly HeaderField[]): {
  readonly headers: Readonly<Record<string, string>>
  readonly leftOut: readonly string[]
} {
  const headers: Record<string, string> = {}
  const seen = new Set<string>()
  const leftOut: string[] = []
  for (const { name, value } of fields.filter((field) => !NOT_MISSED.test(field.name))) {
    const text = decodeWords(value)
    if (findHeaderProblem(name, text) !== undefined || seen.has(name.toLowerCase())) {
      leftOut.push(name)
    } else headers[name] = text
    seen.add(name.toLowerCase())
  }
  return { headers, leftOut: [...new Set(leftOut)] }
}

function readBodies(root: MimePart): Pick<Message, 'text' | 'html' | 'attachments'> {
  const leaves = leavesOf(root)
  const text = leaves.find((part) => isBody(part, 'text/plain'))
  const html = leaves.find((part) => isBody(part, 'text/html'))
  const shown = html && textOf(html)
  return {
    ...(text && { text: textOf(text) }),
    ...(shown !== undefined && { html: shown }),
    attachments: leaves
      .filter((part) => part !== text && part !== html)
      .map((part) => attachmentOf(part, shown ?? '')),
  }
}

function isBody(part: MimePart, type: string): boolean {
  const isFile = part.disposition?.value === 'attachment' || part.fileName !== undefined
  return part.type === type && !isFile
}

function leavesOf(part: MimePart): readonly MimePart[] {
  return part.parts.length > 0 ? part.parts.flatMap(leavesOf) : [part]
}

function attachmentOf(part: MimePart, html: string): Attachment {
  const { contentId, fileName, disposition, content } = part
  // Some senders give every file a Content-ID: only those that the HTML shows are inline images.
  const cid = contentId !== undefined && html.includes(`cid:${contentId}`) ? contentId : undefined
  const filename = fileName?.split(/[/\\]/).at(-1)
  const isInline = cid !== undefined || disposition?.value === 'inline'
  return {
    content: content.toString('base64'),
    encoding: 'base64',
    contentType: contentTypeOf(part),
    disposition: isInline ? 'inline' : 'attachment',
    ...(filename && { filename }),
    ...(cid !== undefined && { cid }),
  }
}

function contentTypeOf({ type, parameters }: MimePart): string {
  if (type.startsWith('multipart/')) return 'application/octet-stream'
  const kept = ['charset', 'format', 'method'].flatMap((name) => {
    const value = parameters.get(name)
    return value !== undefined && /^[\w.+-]+$/.test(value) ? [`; ${name}=${value}`] : []
  })
  return type + kept.join('')
}
