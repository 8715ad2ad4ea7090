import type { BodySegment } from '../../connections/message-body.ts'
import { createLineEnds } from '../../job/line-ends.ts'
import type { SpooledContent } from '../spool.ts'
import { breakBase64, LINE_LENGTH } from './transfer-encoding.ts'

/** What becomes a line of base64 (RFC 2045 §6.8). */
const LINE_BYTES = 57
/** Whole lines: about 64 KiB, however large the content is. */
const PIECE_BYTES = LINE_BYTES * 1024
const CRLF_BYTES = 2
/** RFC 5322 §2.1.1. */
const MAX_LINE_BYTES = 998

/** Content as lines of base64, the last one without its end. */
export function base64Segment(content: SpooledContent): BodySegment {
  const characters = Math.ceil(content.bytes / 3) * 4
  const breaks = Math.max(0, Math.ceil(characters / LINE_LENGTH) - 1)
  return {
    bytes: characters + breaks * CRLF_BYTES,
    read: async function* () {
      let isFirst = true
      for await (const piece of content.read(PIECE_BYTES)) {
        const lines = breakBase64(piece.toString('base64'))
        yield Buffer.from(isFirst ? lines : `\r\n${lines}`, 'latin1')
        isFirst = false
      }
    },
  }
}

/** Content as it is. */
export function plainSegment(content: SpooledContent): BodySegment {
  return { bytes: content.bytes, read: () => content.read(PIECE_BYTES) }
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
