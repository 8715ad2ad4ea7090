import { decodeBytes, decodeQuotedPrintable, decodeWords } from './encoded-words.ts'
import type { HeaderField, Parameterized } from './header-fields.ts'
import { fieldOf, parseHeaderFields, parseParameterized } from './header-fields.ts'

/** One part of a MIME message (RFC 2045): either a leaf with bytes or a multipart with parts. */
export interface MimePart {
  readonly fields: readonly HeaderField[]
  /** `type/subtype` in lower case. */
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly disposition: Parameterized | undefined
  readonly fileName: string | undefined
  /** Without angle brackets. */
  readonly contentId: string | undefined
  /** The decoded bytes of a leaf; empty for a multipart. */
  readonly content: Buffer
  readonly parts: readonly MimePart[]
}

/** Deeper parts than this are kept as plain bytes. */
const MAX_DEPTH = 20

/** Parses a whole message or one part of it. Never throws: what is malformed is a leaf of text. */
export function parseMimePart(bytes: Buffer, depth = 0): MimePart {
  // As Latin-1 every byte is one character, so that positions in the text are positions in the bytes.
  const text = bytes.toString('latin1')
  const gap = /\r?\n\r?\n/.exec(text)
  const startsWithGap = /^\r?\n/.exec(text)
  const headEnd = startsWithGap ? 0 : (gap?.index ?? text.length)
  const bodyStart = startsWithGap ? startsWithGap[0].length : headEnd + (gap?.[0].length ?? 0)
  const fields = parseHeaderFields(bytes.subarray(0, headEnd).toString('utf8'))
  const { value, parameters } = parseParameterized(fieldOf(fields, 'content-type') ?? 'text/plain')
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(value) ? value : 'text/plain'
  const boundary = parameters.get('boundary')
  const isMultipart = type.startsWith('multipart/') && boundary !== undefined && depth < MAX_DEPTH
  const disposition = fieldOf(fields, 'content-disposition')
  return {
    fields,
    type,
    parameters,
    disposition: disposition === undefined ? undefined : parseParameterized(disposition),
    fileName: fileNameOf(disposition, parameters),
    contentId: /<?([^<>\s]+)>?/.exec(fieldOf(fields, 'content-id') ?? '')?.[1],
    content: isMultipart ? Buffer.alloc(0) : decodeBody(bytes.subarray(bodyStart), fields),
    parts: isMultipart
      ? splitParts(text.slice(bodyStart), boundary).map(([from, to]) =>
          parseMimePart(bytes.subarray(bodyStart + from, bodyStart + to), depth + 1),
        )
      : [],
  }
}

/** The text of a leaf, by its charset; UTF-8 where none is named or nobody knows it. */
export function textOf({ content, parameters }: MimePart): string {
  const charset = parameters.get('charset') ?? 'utf-8'
  return decodeBytes(content, charset) ?? content.toString('utf8')
}

function fileNameOf(
  disposition: string | undefined,
  parameters: ReadonlyMap<string, string>,
): string | undefined {
  const given = disposition && parseParameterized(disposition).parameters.get('filename')
  const name = given ?? parameters.get('name')
  return name === undefined || name === '' ? undefined : decodeWords(name)
}

function decodeBody(body: Buffer, fields: readonly HeaderField[]): Buffer {
  const encoding = (fieldOf(fields, 'content-transfer-encoding') ?? '').toLowerCase()
  if (encoding === 'base64') return Buffer.from(body.toString('latin1'), 'base64')
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(body.toString('latin1'))
  return body
}

/** Where the parts of a multipart begin and end in its body (RFC 2046 §5.1.1). */
function splitParts(body: string, boundary: string): readonly (readonly [number, number])[] {
  const escaped = boundary.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const marks = [
    ...body.matchAll(new RegExp(`(?:^|\\r?\\n)--${escaped}(--)?[ \\t]*(?=\\r?\\n|$)`, 'g')),
  ]
  return marks.flatMap((mark, index) => {
    if (mark[1] !== undefined) return []
    const lineEnd = /^\r?\n/.exec(
      body.slice(mark.index + mark[0].length, mark.index + mark[0].length + 2),
    )
    const from = mark.index + mark[0].length + (lineEnd?.[0].length ?? 0)
    return [[from, marks[index + 1]?.index ?? body.length] as const]
  })
}
