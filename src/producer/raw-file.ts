import { createHash } from 'node:crypto'

import { createLineEnds } from '../job/line-ends.ts'
import { createRawScan } from '../job/raw-scan.ts'
import type { SendMail } from '../job/send-mail.ts'
import type { Snapshot, SnapshotOptions } from './attachments.ts'
import { lookWithin, streamWithin } from './read-within.ts'

/** Looks at the file of a raw message, if it is one; a large one is never whole in memory. */
export async function snapshotRaw(input: SendMail, options: SnapshotOptions): Promise<Snapshot> {
  const { raw } = input
  const nothing = { input, stored: { attachments: new Map() }, sources: [], readBytes: 0 }
  if (typeof raw !== 'object' || raw === null || raw instanceof Uint8Array) return nothing
  const { path, content, lineEnds, ...others } = raw
  if (typeof path !== 'string' || content !== undefined) return nothing

  const mend = lineEnds === 'crlf' ? mended : (pieces: AsyncIterable<Buffer>) => pieces
  return lookWithin(path, options, async (file): Promise<Snapshot> => {
    if (file.size <= options.inlineBytes) {
      const read: Buffer[] = []
      for await (const piece of file.pieces()) read.push(piece)
      const small = { ...others, ...(lineEnds && { lineEnds }), content: Buffer.concat(read) }
      return { ...nothing, input: { ...input, raw: small } }
    }
    const hash = createHash('sha256')
    const scan = createRawScan()
    for await (const piece of mend(file.pieces())) {
      hash.update(piece)
      scan.push(piece)
    }
    const facts = scan.end()
    const ref = { sha256: hash.digest('hex'), bytes: facts.bytes }
    return {
      input: { ...input, raw: Buffer.of() },
      stored: { attachments: new Map(), raw: { ref, facts } },
      sources: [{ path, ref, read: () => mend(streamWithin(path, options)) }],
      readBytes: facts.bytes,
    }
  })
}

async function* mended(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const ends = createLineEnds()
  for await (const piece of pieces) yield ends.push(piece)
  yield ends.end()
}
