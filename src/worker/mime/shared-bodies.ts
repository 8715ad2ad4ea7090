import { splitBodies, type Bodies } from '../../job/bodies.ts'
import type { ContentRef } from '../../job/content-ref.ts'
import type { SpooledContent } from '../spool.ts'
import { spooledOf } from './spooled-of.ts'

const PIECE_BYTES = 262_144

/** Text and HTML that lie beside the queue because many messages have them. */
export async function sharedBodies(
  ref: ContentRef,
  contents: ReadonlyMap<string, SpooledContent>,
): Promise<Bodies> {
  const pieces: Buffer[] = []
  // A piece is there only until the next one is asked for.
  for await (const piece of spooledOf(ref, contents).read(PIECE_BYTES)) {
    pieces.push(Buffer.from(piece))
  }
  return splitBodies(Buffer.concat(pieces))
}
