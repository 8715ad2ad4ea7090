import type { BodySegment } from '../../connections/message-body.ts'
import { createLineEnds } from '../../job/line-ends.ts'
import type { SpooledContent } from '../spool.ts'
import { encodedLength, encodeLines, LINE_BYTES, roomFor } from './base64-lines.ts'

/** Whole lines: 114 KiB, which are written as 156 KiB, however large the content is. */
const PIECE_BYTES = LINE_BYTES * 2048
/** RFC 5322 §2.1.1. */
const MAX_LINE_BYTES = 998

/** Content as lines of base64, the last one without its end. */
export function base64Segment(content: SpooledContent): BodySegment {
  return {
    bytes: encodedLength(content.bytes),
    isWireForm: true,
    read: async function* (isTaken = () => false) {
      let room: Uint16Array<ArrayBuffer> | undefined
      for await (const piece of content.read(PIECE_BYTES)) {
        const isNext = room !== undefined
        if (room === undefined || !isTaken()) room = roomFor(piece.length)
        yield encodeLines(piece, isNext, room)
      }
    },
  }
}

/** Content as it is. */
export function plainSegment(content: SpooledContent): BodySegment {
  return {
    bytes: content.bytes,
    read: async function* () {
      // The socket may hold a piece for longer than the spool does.
      for await (const piece of content.read(PIECE_BYTES)) yield Buffer.from(piece)
    },
  }
}

/**
 * Content as plain ASCII text with all its lines ended by CRLF, as a message in a message has to be
 * (RFC 2046 §5.2.1); undefined when it has something else, or lines that are too long.
 */
export async function sevenBitSegment(content: SpooledContent): Promise<BodySegment | undefined> {
  const read = async function* () {
    const ends = createLineEnds()
    for await (const piece of content.read(PIECE_BYTES)) yield ends.push(piece)
    yield ends.end()
  }
  let bytes = 0
  let lineBytes = 0
  for await (const piece of read()) {
    const text = piece.toString('latin1')
    if (/[^\t\r\n -~]/.test(text)) return undefined
    for (const [at, line] of text.split('\r\n').entries()) {
      lineBytes = at === 0 ? lineBytes + line.length : line.length
      if (lineBytes > MAX_LINE_BYTES) return undefined
    }
    bytes += piece.length
  }
  return { bytes, read }
}
