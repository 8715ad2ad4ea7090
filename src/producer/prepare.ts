import { formatDuration } from '../duration.ts'
import type { Connections } from '../connections/connections.ts'
import { createJob, type CreatedJob } from '../job/create-job.ts'
import { InvalidJobError } from '../job/errors.ts'
import type { SendMail } from '../job/send-mail.ts'
import { DEFAULT_RETENTION_MS } from '../ledger/open.ts'
import { snapshotAttachments } from './attachments.ts'

export interface PrepareOptions {
  readonly connections: Connections
  /** The folders that attachments by path may come from; none by default. */
  readonly attachmentRoots?: readonly string[]
  /** The largest attachment that is read from a path, in bytes; 25 MiB by default. */
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

const DEFAULT_MAX_ATTACHMENT_BYTES = 25 * 2 ** 20

/**
 * Prepares requests for these connection managers.
 *
 * Rejects with `UnknownConnectionError`, `InvalidJobError`, `JobTooLargeError` and the attachment errors.
 */
export function createPrepare(options: PrepareOptions): Prepare {
  const { connections, attachmentRoots: roots = [], maxJobBytes } = options
  const { retentionMs = DEFAULT_RETENTION_MS } = options
  const maxBytes = options.maxAttachmentBytes ?? DEFAULT_MAX_ATTACHMENT_BYTES
  return async (mail) => {
    const manager =
      typeof mail?.connection === 'string' ? connections.get(mail.connection) : undefined
    const complete = await snapshotAttachments(mail, { roots, maxBytes })
    const prepared = createJob(complete, {
      now: new Date(),
      ...(maxJobBytes === undefined ? {} : { maxBytes: maxJobBytes }),
    })
    const { message, notBefore = 0, acceptedAt } = prepared.job
    if (notBefore - acceptedAt > retentionMs) {
      const problem = `expected at most ${formatDuration(retentionMs)}, the retention of the ledger: a cancelled message must not be forgotten before it is due`
      throw new InvalidJobError([{ path: 'options', problem }])
    }
    if (message.from === undefined && manager?.from === undefined) {
      const problem = `expected an author, because "${manager?.name}" has no \`from\` of its own`
      throw new InvalidJobError([{ path: 'message.from', problem }])
    }
    return { prepared, bytes: prepared.bytes }
  }
}
