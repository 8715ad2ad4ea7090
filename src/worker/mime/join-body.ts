import type { BodySegment, MessageBody } from '../../connections/message-body.ts'
import type { Rendered } from './part.ts'

/** A message of its parts, its last line ended: whole, unless some of it is read while it is sent. */
export function joinBody(rendered: Rendered): MessageBody {
  const segments: (Buffer | BodySegment)[] = []
  let text = ''
  for (const part of rendered) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    segments.push(Buffer.from(text), part)
    text = ''
  }
  const last = Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`)
  if (segments.length === 0) return last
  segments.push(last)
  // What is composed is ASCII: whatever has more is encoded.
  return { bytes: segments.reduce((sum, one) => sum + sizeOf(one), 0), segments }
}

function sizeOf(segment: Buffer | BodySegment): number {
  return Buffer.isBuffer(segment) ? segment.length : segment.bytes
}
