import { formatDuration } from '../duration.ts'
import type { Connections } from '../connections/connections.ts'
import { createJob, type CreatedJob } from '../job/create-job.ts'
import { InvalidJobError } from '../job/errors.ts'
import { DEFAULT_MAX_JOB_BYTES } from '../job/limits.ts'
import type { SendMail } from '../job/send-mail.ts'
import { DEFAULT_RETENTION_MS } from '../ledger/open.ts'
import { snapshotAttachments } from './attachments.ts'

export interface PrepareOptions {
  readonly connections: Connections
  /** The folders that attachments by path may come from; none by default. */
  readonly attachmentRoots?: readonly string[]
  /** Files of one message that are read from paths, in bytes; three quarters of `maxJobBytes` by default. */
  readonly maxAttachmentBytes?: number
  /** How long settled messages are known; 30 days by default. No message is delayed for longer. */
  readonly retentionMs?: number
  /** The largest job, in bytes of JSON; 1 MiB by default. */
  readonly maxJobBytes?: number
}

/** Makes a job of a request: knows its name, reads its files, validates it. */
export type Prepare = (
  mail: SendMail,
) => Promise<{ readonly prepared: CreatedJob; readonly bytes: number }>

/** Base64 makes four bytes of three: more than this does not fit into the job. */
const ATTACHMENT_SHARE = 3 / 4

/**
 * Prepares requests for these connection managers.
 *
 * Rejects with `UnknownConnectionError`, `InvalidJobError`, `JobTooLargeError` and the attachment errors.
 */
export function createPrepare(options: PrepareOptions): Prepare {
  const { connections, attachmentRoots: roots = [], maxJobBytes = DEFAULT_MAX_JOB_BYTES } = options
  const { retentionMs = DEFAULT_RETENTION_MS } = options
  const maxBytes = options.maxAttachmentBytes ?? Math.floor(maxJobBytes * ATTACHMENT_SHARE)
  return async (mail) => {
    const manager =
      typeof mail?.connection === 'string' ? connections.get(mail.connection) : undefined
    const complete = await snapshotAttachments(mail, { roots, maxBytes })
    const prepared = createJob(complete, {
      now: new Date(),
      maxBytes: maxJobBytes,
      ...(manager?.from && { defaultAuthor: manager.from.address }),
    })
    const { message, envelope, notBefore = 0, acceptedAt } = prepared.job
    if (notBefore - acceptedAt > retentionMs) {
      const problem = `expected at most ${formatDuration(retentionMs)}, the retention of the ledger: a cancelled message must not be forgotten before it is due`
      throw new InvalidJobError([{ path: 'options', problem }])
    }
    const from = message === undefined ? envelope.from : message.from
    if (from === undefined && manager?.from === undefined) {
      const [path, who] =
        message === undefined ? ['envelope.from', 'a sender'] : ['message.from', 'an author']
      const problem = `expected ${who}, because "${manager?.name}" has no \`from\` of its own`
      throw new InvalidJobError([{ path, problem }])
    }
    return { prepared, bytes: prepared.bytes }
  }
}
