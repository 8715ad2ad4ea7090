/** Bytes of a message that are read while they are sent, anew for each transaction. */
export interface BodySegment {
  /** How many `read` yields, exactly. */
  readonly bytes: number
  /** Whether it goes over the wire as it is: CRLF ends each of its lines, and no dot begins one. */
  readonly isWireForm?: true
  /**
   * Each piece stays as it is, unless `isTaken` tells, when the next one is asked for, that nobody
   * needs any more what came before.
   */
  read(isTaken?: () => boolean): AsyncIterable<Buffer>
}

/** A message that is never whole in memory. */
export interface SegmentedBody {
  readonly bytes: number
  /** Where it has more than ASCII; absent when nowhere. */
  readonly eightBit?: 'body' | 'headers'
  readonly segments: readonly (Buffer | BodySegment)[]
}

/** A message as it is sent, before dots are doubled: in one piece, or in segments when it is large. */
export type MessageBody = Buffer | SegmentedBody

/** How many bytes a message has. */
export function sizeOf(body: MessageBody): number {
  return Buffer.isBuffer(body) ? body.length : body.bytes
}

/** The bytes of a message, one piece after the other. */
export async function* piecesOf(body: MessageBody): AsyncGenerator<Buffer> {
  if (Buffer.isBuffer(body)) {
    yield body
    return
  }
  for (const segment of body.segments) {
    if (Buffer.isBuffer(segment)) yield segment
    else yield* segment.read()
  }
}
