/** One line of a reply; all but the last have a hyphen after the code (RFC 5321 §4.2.1). */
export interface ReplyLine {
  readonly code: number
  readonly status: string | undefined
  readonly text: string
  readonly isLast: boolean
}

/** RFC 3463 §2; some servers (IronPort) write a number sign before it, others a colon behind. */
const STATUS = /^#?([245]\.\d{1,3}\.\d{1,3})(?:[:;,]|(?=\s)|$)\s*/
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]+/gu

/** Reads one line without its line break; undefined when it does not begin as a reply does. */
export function parseReplyLine(line: string): ReplyLine | undefined {
  const code = codeOf(line)
  if (code === undefined) return undefined
  const separator = line.length === 3 ? ' ' : line[3]
  if (separator !== ' ' && separator !== '-') return undefined
  const isLast = separator === ' '
  const text = line.slice(4).replace(CONTROL, ' ').trim()
  const found = mayHaveStatus(text) ? STATUS.exec(text) : null
  return found
    ? { code, status: found[1], text: text.slice(found[0].length), isLast }
    : { code, status: undefined, text, isLast }
}

/** Whether a line that begins with `start`, its first four characters or fewer, may be a reply's. */
export function mayBeginReply(start: string): boolean {
  return /^(?:\r?|[2-5](?:\d(?:\d[ \-\r]?)?)?)$/.test(start)
}

function codeOf(line: string): number | undefined {
  const hundreds = line.charCodeAt(0) - 48
  const tens = line.charCodeAt(1) - 48
  const ones = line.charCodeAt(2) - 48
  const isCode = hundreds >= 2 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9
  return isCode ? hundreds * 100 + tens * 10 + ones : undefined
}

/** Spares the ordinary `250 ok` the regular expression. */
function mayHaveStatus(text: string): boolean {
  return text[1] === '.' || text[0] === '#'
}
