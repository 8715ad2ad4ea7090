import { isMostlyAscii } from './header.ts'
import { toQuotedPrintable } from './quoted-printable.ts'

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
  const canonical = withLineEnds(text)
  if (!hasLineOver(canonical, LINE_LENGTH) && !BEYOND_PLAIN.test(canonical)) {
    return { encoding: '7bit', body: canonical }
  }
  return isMostlyAscii(canonical)
    ? { encoding: 'quoted-printable', body: toQuotedPrintable(canonical) }
    : { encoding: 'base64', body: breakBase64(Buffer.from(canonical).toString('base64')) }
}

/** Text with all its line breaks made CRLF. */
export function withLineEnds(text: string): string {
  return text.includes('\r') ? text.replaceAll(/\r\n?|\n/g, '\r\n') : text.replaceAll('\n', '\r\n')
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
