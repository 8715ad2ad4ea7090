import { isMostlyAscii } from './header.ts'

/** A body that can pass any server: ASCII, CRLF, short lines (RFC 2045 §6). */
export interface EncodedBody {
  readonly encoding: '7bit' | 'quoted-printable' | 'base64'
  readonly body: string
}

/** Lines that are longer are broken by an encoding, because some servers break them without one. */
const LINE_LENGTH = 76
const BEYOND_PLAIN = /[^\t\r\n -~]/

/** Text with its line breaks made CRLF, as it is if possible, else in the shorter encoding. */
export function encodeBody(text: string): EncodedBody {
  const canonical = text.replaceAll(/\r\n?|\n/g, '\r\n')
  if (!BEYOND_PLAIN.test(canonical) && !hasLineOver(canonical, LINE_LENGTH)) {
    return { encoding: '7bit', body: canonical }
  }
  return isMostlyAscii(canonical)
    ? { encoding: 'quoted-printable', body: toQuotedPrintable(canonical) }
    : { encoding: 'base64', body: breakBase64(Buffer.from(canonical).toString('base64')) }
}

/** Base64 in lines. */
export function breakBase64(content: string): string {
  const lines: string[] = []
  for (let at = 0; at < content.length; at += LINE_LENGTH) {
    lines.push(content.slice(at, at + LINE_LENGTH))
  }
  return lines.join('\r\n')
}

/** Whether some line of `text`, which has CRLF as line breaks, is longer than `length`. */
export function hasLineOver(text: string, length: number): boolean {
  let start = 0
  while (text.length - start > length) {
    const end = text.indexOf('\r\n', start)
    if ((end === -1 ? text.length : end) - start > length) return true
    start = end + 2
  }
  return false
}

const CR = 0x0d
const LF = 0x0a
const TAB = 0x09
const SPACE = 0x20
const EQUALS = 0x3d
const HEX = Buffer.from('0123456789ABCDEF')

/** RFC 2045 §6.7. `text` has CRLF as line breaks. */
function toQuotedPrintable(text: string): string {
  const bytes = Buffer.from(text)
  // At worst every byte takes three, and every line of 25 such bytes a soft break of three.
  const encoded = Buffer.allocUnsafe(bytes.length * 4)
  let size = 0
  let column = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const endsLine = at + 1 === bytes.length || bytes[at + 1] === CR
    if (byte === CR || byte === LF) {
      encoded[size++] = byte
      column = 0
      continue
    }
    const isSpace = byte === SPACE || byte === TAB
    const isLiteral = isSpace ? !endsLine : byte > SPACE && byte < 0x7f && byte !== EQUALS
    const width = isLiteral ? 1 : 3
    if (column + width > (endsLine ? LINE_LENGTH : LINE_LENGTH - 1)) {
      encoded[size++] = EQUALS
      encoded[size++] = CR
      encoded[size++] = LF
      column = 0
    }
    if (isLiteral) {
      encoded[size++] = byte
    } else {
      encoded[size++] = EQUALS
      encoded[size++] = HEX[byte >> 4] ?? 0
      encoded[size++] = HEX[byte & 15] ?? 0
    }
    column += width
  }
  return encoded.toString('latin1', 0, size)
}
