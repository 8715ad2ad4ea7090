import { tmpdir } from 'node:os'

import { piecesOf } from '../connections/message-body.ts'
import type { ContentStore } from '../content/content.ts'
import { refsOf } from '../job/create-job.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import { composeMessage, type ComposeOptions } from './compose.ts'
import { openSpool, type SpooledContent } from './spool.ts'

/**
 * A message as it would be sent, whole in memory, with its content out of `store`.
 *
 * Throws `NoSenderError`, `ContentMissingError`, `ContentDamagedError`.
 */
export async function composeWhole(
  job: SendMailJob,
  options: Omit<ComposeOptions, 'contents'>,
  store: ContentStore,
): Promise<Buffer> {
  await using spool = openSpool(store, { directory: tmpdir() })
  const contents = new Map<string, SpooledContent>()
  for (const ref of refsOf(job)) contents.set(ref.sha256, await spool.take(ref))
  const { body } = await composeMessage(job, { ...options, contents })
  const pieces: Buffer[] = []
  for await (const piece of piecesOf(body)) pieces.push(piece)
  return Buffer.concat(pieces)
}
