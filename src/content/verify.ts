import { createHash } from 'node:crypto'

import type { ContentRef } from '../job/content-ref.ts'
import { ContentMissingError } from './errors.ts'

/**
 * Whether `pieces` are the content with this digest. Nothing else counts: a job that is wrong about its
 * size takes it from nobody.
 */
export async function isIntact(
  { sha256 }: ContentRef,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<boolean> {
  const hash = createHash('sha256')
  try {
    for await (const piece of pieces) hash.update(piece)
  } catch (error) {
    if (error instanceof ContentMissingError) return false
    throw error
  }
  return hash.digest('hex') === sha256
}
