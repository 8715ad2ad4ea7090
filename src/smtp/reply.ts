import { parseReplyLine, type ReplyLine } from './reply-line.ts'

/** What a server answered: the reply code decides, the enhanced status code and text explain. */
export interface Reply {
  /** 200 to 599 (RFC 5321 §4.2). */
  readonly code: number
  /**
   * The enhanced status code as the server wrote it (`5.1.1`, RFC 2034, RFC 3463): of several, the
   * first whose class is the reply code's, else the first; absent when no line has one.
   */
  readonly status?: string
  /** All lines without their codes, joined by spaces, without control characters; may be empty. */
  readonly text: string
}

/** The most that is kept of a reply's text, in characters. */
const MAX_REPLY_TEXT = 512

/**
 * Reads a whole reply, as one text or line by line; undefined when it is none.
 *
 * The last line's code counts; of different enhanced status codes the first that agrees with it.
 */
export function parseReply(raw: string | readonly string[]): Reply | undefined {
  if (typeof raw !== 'string') return joinLines(raw)
  const text = raw.endsWith('\n') ? raw.slice(0, raw.endsWith('\r\n') ? -2 : -1) : raw
  if (text.includes('\n')) return joinLines(text.split(/\r?\n/))
  const line = parseReplyLine(text)
  return line && addReplyLine(undefined, line)
}

/** The reply so far together with its next line. */
export function addReplyLine(before: Reply | undefined, line: ReplyLine): Reply {
  if (before === undefined) {
    const text = bounded(line.text)
    return line.status === undefined
      ? { code: line.code, text }
      : { code: line.code, status: line.status, text }
  }
  const isBetter = agrees(line.status, line.code) && !agrees(before.status, line.code)
  const status = isBetter ? line.status : (before.status ?? line.status)
  const text = joinTexts(
    status === before.status ? before.text : fullText(before),
    status === line.status ? line.text : fullText(line),
  )
  return status === undefined ? { code: line.code, text } : { code: line.code, status, text }
}

/** Whether an enhanced code speaks of the same kind of ending as the reply code. */
function agrees(status: string | undefined, code: number): boolean {
  return status?.[0] === String(code)[0]
}

function joinLines(lines: readonly string[]): Reply | undefined {
  let reply: Reply | undefined
  for (const text of lines) {
    const line = parseReplyLine(text)
    if (line === undefined) return undefined
    reply = addReplyLine(reply, line)
  }
  return reply
}

function joinTexts(before: string, after: string): string {
  if (after === '' || before.length >= MAX_REPLY_TEXT) return before
  return before === '' ? bounded(after) : bounded(`${before} ${after}`)
}

/** A status code unlike the one that counts is part of what the server had to say. */
function fullText({ status, text }: Pick<ReplyLine, 'status' | 'text'> | Reply): string {
  return status === undefined ? text : `${status} ${text}`.trimEnd()
}

/** Cutting may leave half of a surrogate pair, which no store and no JSON reader likes. */
function bounded(text: string): string {
  return text.length <= MAX_REPLY_TEXT ? text : text.slice(0, MAX_REPLY_TEXT).toWellFormed()
}
