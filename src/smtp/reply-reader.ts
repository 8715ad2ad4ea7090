import { isUtf8 } from 'node:buffer'

import { addReplyLine, type Reply } from './reply.ts'
import { mayBeginReply, parseReplyLine } from './reply-line.ts'

/** Who hears what a reader makes of the bytes. */
export interface ReplyListener {
  readonly onReply: (reply: Reply) => void
  /** What came is no reply: called once, and nothing after it. `detail` holds none of the bytes. */
  readonly onGarbage: (detail: string) => void
}

/** Takes the bytes of a connection in whatever pieces they come. */
export interface ReplyReader {
  readonly push: (chunk: Buffer) => void
}

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const NOTHING: Buffer = Buffer.alloc(0)
/** RFC 5321 §4.5.3.1.5 allows 512 octets; what a line has beyond this is dropped. */
const MAX_LINE_BYTES = 2048
/** No server says so much; it would go on for ever. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024

/**
 * Cuts the bytes that a server sends into replies.
 *
 * Keeps at most one line's beginning and one bounded reply, however much the server says. Takes
 * lines that end in a bare line feed, and passes over empty lines. What is no UTF-8 is read as
 * Latin-1, in which old servers write.
 */
export function createReplyReader({ onReply, onGarbage }: ReplyListener): ReplyReader {
  let line = NOTHING
  let reply: Reply | undefined
  let bytes = 0
  let isBroken = false

  const breakOff = (detail: string): void => {
    isBroken = true
    line = NOTHING
    onGarbage(detail)
  }
  const endLine = (text: string): void => {
    if (text === '') return
    const parsed = parseReplyLine(text)
    if (parsed === undefined) {
      breakOff('a line that does not begin with a reply code')
      return
    }
    const whole = addReplyLine(reply, parsed)
    reply = parsed.isLast ? undefined : whole
    if (parsed.isLast) {
      bytes = 0
      onReply(whole)
    }
  }
  const beginLine = (rest: Buffer): void => {
    line = Buffer.concat([line, rest.subarray(0, Math.max(0, MAX_LINE_BYTES - line.length))])
    if (!mayBeginReply(line.toString('latin1', 0, 4))) {
      breakOff('bytes that do not begin with a reply code')
    }
  }

  return {
    push: (chunk) => {
      let start = 0
      for (;;) {
        const end = chunk.indexOf(LINE_FEED, start)
        if (isBroken || end === -1) break
        const rest = line
        line = NOTHING
        endLine(
          rest.length === 0
            ? textOf(chunk, start, end)
            : textOf(Buffer.concat([rest, chunk.subarray(start, end)])),
        )
        start = end + 1
      }
      if (!isBroken && start < chunk.length) beginLine(chunk.subarray(start))
      if (isBroken) return
      bytes = reply === undefined && line.length === 0 ? 0 : bytes + chunk.length
      if (bytes > MAX_REPLY_BYTES) breakOff(`a reply of more than ${MAX_REPLY_BYTES} bytes`)
    },
  }
}

function textOf(bytes: Buffer, start = 0, end = bytes.length): string {
  const textEnd = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end
  const cutEnd = Math.min(textEnd, start + MAX_LINE_BYTES)
  const text = bytes.toString('utf8', start, cutEnd)
  // Cutting a long line may have cut its last character.
  const isRight = !text.includes(REPLACEMENT) || isUtf8Beginning(bytes.subarray(start, cutEnd))
  return isRight ? text : bytes.toString('latin1', start, cutEnd)
}

const REPLACEMENT = '\uFFFD'

/** Whether `bytes` are UTF-8 but for at most three of a last character. */
function isUtf8Beginning(bytes: Buffer): boolean {
  if (isUtf8(bytes)) return true
  if (bytes.length < MAX_LINE_BYTES) return false
  return [1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, bytes.length - cut)))
}
