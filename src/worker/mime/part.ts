import type { BodySegment } from '../../connections/message-body.ts'
import { headerField } from './header.ts'

/** A part of a message with content of its own. */
export interface Leaf {
  readonly kind: 'leaf'
  /** Name and encoded value of its content headers. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Encoded; lines end with CRLF, the last one need not. */
  readonly body: string | BodySegment
}

/** Parts that belong together: `related` to the first, `alternative` to each other, or just `mixed`. */
export interface Multipart {
  readonly kind: 'multipart'
  readonly subtype: 'mixed' | 'alternative' | 'related'
  readonly parts: readonly Part[]
}

export type Part = Leaf | Multipart

/** What a part is made of, in order: text, and content that is read while it is sent. */
export type Rendered = readonly (string | BodySegment)[]

/**
 * A part with its content headers (RFC 2046).
 *
 * Boundaries follow from `seed`, which no part may contain; that of each subtype is used once. They
 * begin with `=_`, which neither base64 nor quoted-printable ever has.
 */
export function renderPart(part: Part, seed: string): Rendered {
  if (part.kind === 'leaf') {
    const headers = part.headers.map(([name, value]) => headerField(name, value)).join('')
    return [`${headers}\r\n`, part.body]
  }
  const boundary = `=_${part.subtype}_${seed}`
  const root = part.subtype === 'related' ? '; type="text/html"' : ''
  const type = `multipart/${part.subtype}${root}; boundary="${boundary}"`
  const parts = part.parts.flatMap((inner) => [
    `--${boundary}\r\n`,
    ...renderPart(inner, seed),
    '\r\n',
  ])
  return [`${headerField('Content-Type', type)}\r\n`, ...parts, `--${boundary}--\r\n`]
}

/** The parts as one: none of them is wrapped when it is alone. */
export function joinParts(
  subtype: Multipart['subtype'],
  first: Part,
  others: readonly Part[],
): Part {
  return others.length === 0 ? first : { kind: 'multipart', subtype, parts: [first, ...others] }
}
