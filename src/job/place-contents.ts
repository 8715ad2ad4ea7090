import type { Attachment } from './attachment-input.ts'
import { toBase64 } from './base64.ts'
import { refOf, type ContentRef } from './content-ref.ts'
import { messageOf } from './normalise.ts'
import { scanRaw, type RawFacts } from './raw-scan.ts'
import type { ParsedSendMail } from './send-mail.ts'
import type { JobMessage, RawMessage } from './send-mail-job.ts'

/** Content that a job only refers to, with its bytes: it has to be put beside the queue. */
export interface NewContent {
  readonly ref: ContentRef
  readonly bytes: Uint8Array
}

/** Content that was looked at already, because it is too large to be held in memory. */
export interface StoredParts {
  /** By the attachment's place in the message. */
  readonly attachments: ReadonlyMap<number, ContentRef>
  readonly raw?: { readonly ref: ContentRef; readonly facts: RawFacts } | undefined
  /** Of text and HTML together, as `joinBodies` makes them; they are put beside the queue by the caller. */
  readonly bodies?: ContentRef | undefined
}

/** The message of a job, its bytes in the job or beside the queue. */
export interface PlacedMessage {
  readonly content:
    | { readonly message: JobMessage; readonly raw?: never }
    | { readonly raw: RawMessage; readonly message?: never }
  /** The same, wherever the bytes are: what tells one message from another. May be `content` itself. */
  readonly identity: unknown
  readonly contents: readonly NewContent[]
  /** Whether bytes are in the job that could lie beside the queue. */
  readonly hasInline: boolean
  /** Of the whole message as it will be sent; headers of our own are not counted. */
  readonly encodedBytes: number
  readonly messageId: string | undefined
}

/** Leaves content of up to `inlineBytes` in the job. Throws `UnsendableRawError`. */
export function placeContents(
  parsed: ParsedSendMail,
  stored: StoredParts | undefined,
  inlineBytes: number,
): PlacedMessage {
  return parsed.raw === undefined
    ? placeParts(parsed.message, stored, inlineBytes)
    : placeRaw(parsed.raw, stored?.raw, inlineBytes)
}

function placeParts(
  message: NonNullable<ParsedSendMail['message']>,
  { attachments: stored, bodies }: StoredParts = { attachments: new Map() },
  inlineBytes: number,
): PlacedMessage {
  const contents: NewContent[] = []
  let encodedBytes = Buffer.byteLength(message.text ?? '') + Buffer.byteLength(message.html ?? '')
  let hasInline = false
  const refs: ContentRef[] = []
  const attachments = message.attachments?.map(({ facts, bytes }, index): Attachment => {
    const known = stored.get(index)
    const ref = known ?? refOf(bytes)
    refs.push(ref)
    encodedBytes += encodedLength(ref.bytes)
    if (known === undefined && bytes.byteLength <= inlineBytes) {
      hasInline ||= bytes.byteLength > 0
      return { ...facts, content: toBase64(bytes) }
    }
    if (known === undefined) contents.push({ ref, bytes })
    return { ...facts, ref }
  })
  const whole = messageOf(message, attachments ?? [])
  const content = { message: bodies === undefined ? whole : withoutBodies(whole, bodies) }
  const told = message.attachments?.map(({ facts }, at) => [facts, refs[at]])
  const identity = { message: refs.length === 0 ? whole : { ...whole, attachments: told } }
  return {
    content,
    identity: refs.length === 0 && bodies === undefined ? content : identity,
    contents,
    hasInline,
    encodedBytes,
    messageId: undefined,
  }
}

function withoutBodies(
  { text: _text, html: _html, ...message }: JobMessage,
  bodies: ContentRef,
): JobMessage {
  return { ...message, bodies }
}

function placeRaw(
  bytes: Uint8Array,
  stored: StoredParts['raw'],
  inlineBytes: number,
): PlacedMessage {
  const facts = stored?.facts ?? scanRaw(bytes)
  const ref = stored?.ref ?? refOf(bytes)
  const isInline = stored === undefined && ref.bytes <= inlineBytes
  const { eightBit, authorDomains } = facts
  const known = { ...(eightBit && { eightBit }), ...(authorDomains && { authorDomains }) }
  return {
    content: { raw: { ...known, ...(isInline ? { content: toBase64(bytes) } : { ref }) } },
    identity: { raw: ref },
    contents: isInline || stored !== undefined ? [] : [{ ref, bytes }],
    hasInline: isInline,
    encodedBytes: ref.bytes,
    messageId: facts.messageId,
  }
}

/** Base64 in lines of 76 characters (RFC 2045 §6.8). */
function encodedLength(bytes: number): number {
  return Math.ceil(bytes / 57) * 78
}
