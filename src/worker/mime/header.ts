import { buildHeaderValue, encodeWord } from 'nodemailer/lib/mime-funcs'

/** How long a header's lines are, where they can be broken (RFC 5322 §2.1.1 asks for 78). */
const LINE_LENGTH = 76
/** Of an encoded word; RFC 2047 §2 allows 75. */
const WORD_LENGTH = 52

const PLAIN_TEXT = /^[\t -~]*$/
const ATOMS = /^[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*$/

/** A header's lines, each ended by CRLF. `value` is encoded already, and has no line breaks. */
export function headerField(name: string, value: string): string {
  const field = `${name}: ${value}`
  return field.length <= LINE_LENGTH ? `${field}\r\n` : fold(field, name.length + 2)
}

/** Text for people, as a header's value (RFC 2047). What looks encoded is taken literally. */
export function encodeText(text: string): string {
  return PLAIN_TEXT.test(text) && !text.includes('=?') ? text : encodeWords(text)
}

/** The name of a mailbox (RFC 5322 §3.2.5). */
export function encodePhrase(name: string): string {
  if (!PLAIN_TEXT.test(name) || name.includes('=?')) return encodeWords(name)
  return ATOMS.test(name) ? name : `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

/** A header's value with one parameter, in pieces when it is long or not ASCII (RFC 2231). */
export function withParameter(value: string, name: string, parameter: string): string {
  return buildHeaderValue({ value, params: { [name]: parameter } })
}

function encodeWords(text: string): string {
  return encodeWord(text, isMostlyAscii(text) ? 'Q' : 'B', WORD_LENGTH)
}

/** Whether quoted-printable is the shorter and more readable encoding. */
export function isMostlyAscii(text: string): boolean {
  const bytes = Buffer.byteLength(text)
  return (bytes - text.length) * 6 < bytes
}

/**
 * Breaks lines before single spaces, so that no line is only white space; what has no space stays
 * on one line. The first word stays beside the name.
 */
function fold(field: string, valueStart: number): string {
  let folded = ''
  let lineStart = 0
  let lastBreak = 0
  for (let at = valueStart + 1; at < field.length; at++) {
    if (!isSpace(field, at) || isSpace(field, at + 1) || at + 1 === field.length) continue
    if (at - lineStart > LINE_LENGTH && lastBreak > lineStart) {
      folded += `${field.slice(lineStart, lastBreak)}\r\n`
      lineStart = lastBreak
    }
    lastBreak = at
  }
  if (field.length - lineStart > LINE_LENGTH && lastBreak > lineStart) {
    folded += `${field.slice(lineStart, lastBreak)}\r\n`
    lineStart = lastBreak
  }
  return `${folded}${field.slice(lineStart)}\r\n`
}

function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 0x20 || code === 0x09
}
