import type { ContentSource, ContentStore } from '../content/content.ts'
import { ContentChangedError } from '../content/errors.ts'
import { refsOf } from '../job/create-job.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import { needsContent } from '../ledger/content-need.ts'
import type { Ledger, MessageRecord } from '../ledger/ledger.ts'
import type { Accepted } from './accept.ts'
import { AttachmentChangedError } from './attachment-errors.ts'
import type { Enqueued } from './enqueue.ts'
import { IdempotencyConflictError } from './errors.ts'

/** Content to keep; a file has its path. */
type Source = ContentSource & { readonly path?: string }

/** Keeps what a job refers to, or nothing of it. */
export async function keepContents(
  sources: readonly Source[],
  job: SendMailJob,
  { contents }: { readonly contents: ContentStore },
): Promise<void> {
  for (const source of sources) {
    try {
      await contents.put(source, job)
    } catch (error) {
      if (source.path === undefined || !(error instanceof ContentChangedError)) throw error
      throw new AttachmentChangedError(source.path)
    }
  }
}

/**
 * Releases what was kept for messages that were not accepted, or that ended long ago.
 *
 * The same key with the same content may be a message on its way, whose content this is as well, also
 * while it is not recorded yet. What cannot be released now is swept later.
 */
export async function releaseRefused(
  mails: readonly Enqueued[],
  answers: readonly Accepted[],
  { contents, ledger }: { readonly contents: ContentStore; readonly ledger: Ledger },
): Promise<void> {
  for (const [at, { job, hasKey }] of mails.entries()) {
    const answer = answers[at]
    const isTaken = answer !== undefined && 'isNew' in answer && answer.isNew
    if (isTaken || refsOf(job).length === 0) continue
    const isOther = answer !== undefined && 'error' in answer && isConflict(answer.error)
    if (!isOther && mayNeed(await ledger.get(job.id), hasKey)) continue
    await contents.release(job.id, job.digest)
  }
}

/** An id without a key is nobody else's. */
function mayNeed(record: MessageRecord | undefined, hasKey: boolean): boolean {
  return record === undefined ? hasKey : needsContent(record.state)
}

function isConflict(error: unknown): boolean {
  return error instanceof IdempotencyConflictError
}
