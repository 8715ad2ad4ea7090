import { createHash } from 'node:crypto'

import type { ContentRef } from '../job/content-ref.ts'
import { ContentMissingError } from './errors.ts'

/** Whether `pieces` are all of the content, as it was put. */
export async function isIntact(
  ref: ContentRef,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const piece of pieces) {
      hash.update(piece)
      bytes += piece.length
      if (bytes > ref.bytes) return false
    }
  } catch (error) {
    if (error instanceof ContentMissingError) return false
    throw error
  }
  return bytes === ref.bytes && hash.digest('hex') === ref.sha256
}
