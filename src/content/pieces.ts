import { createHash } from 'node:crypto'

import { PIECE_BYTES, type ContentSource } from './content.ts'
import { ContentChangedError } from './errors.ts'

/**
 * The bytes of `source` in pieces of 256 KiB, only the last one smaller; an empty one has none.
 *
 * Throws `ContentChangedError` after the last piece when they are not what the reference says.
 */
export async function* piecesOf(source: ContentSource): AsyncGenerator<Buffer> {
  const { ref } = source
  const hash = createHash('sha256')
  let waiting: Buffer[] = []
  let size = 0
  let bytes = 0
  for await (const given of source.read()) {
    let chunk = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
    hash.update(chunk)
    bytes += chunk.length
    if (bytes > ref.bytes) throw new ContentChangedError()
    while (size + chunk.length >= PIECE_BYTES) {
      const room = PIECE_BYTES - size
      yield waiting.length === 0
        ? chunk.subarray(0, room)
        : Buffer.concat([...waiting, chunk.subarray(0, room)])
      chunk = chunk.subarray(room)
      waiting = []
      size = 0
    }
    if (chunk.length > 0) waiting.push(chunk)
    size += chunk.length
  }
  if (size > 0) yield waiting.length === 1 ? (waiting[0] ?? Buffer.of()) : Buffer.concat(waiting)
  if (bytes !== ref.bytes || hash.digest('hex') !== ref.sha256) throw new ContentChangedError()
}

/** How many pieces content of so many bytes has. */
export function pieceCount(bytes: number): number {
  return Math.ceil(bytes / PIECE_BYTES)
}
