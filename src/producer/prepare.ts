import { formatDuration } from '../duration.ts'
import type { Connections } from '../connections/connections.ts'
import { createJob, type CreatedJob } from '../job/create-job.ts'
import { InvalidJobError } from '../job/errors.ts'
import { newJobId } from '../job/job-id.ts'
import { DEFAULT_MAX_JOB_BYTES, DEFAULT_MAX_MESSAGE_BYTES } from '../job/limits.ts'
import type { SendMail, SendMailJob } from '../job/send-mail.ts'
import { DEFAULT_RETENTION_MS } from '../ledger/open.ts'
import { snapshotFiles } from './attachments.ts'
import type { DigestMemory } from './digest-memory.ts'
import type { BodyMemory, SharedBodies } from './body-memory.ts'
import { keepJob, keepSharing, type KeepPlace, type PreparedJob } from './keep-job.ts'

export interface PrepareOptions {
  readonly connections: Connections
  /** The folders that attachments by path may come from; none by default. */
  readonly attachmentRoots?: readonly string[]
  /** Files of one message that are read from paths, in bytes; `maxMessageBytes` by default. */
  readonly maxAttachmentBytes?: number
  /** How long settled messages are known; 30 days by default. No message is delayed for longer. */
  readonly retentionMs?: number
  /** The largest job, in bytes of JSON; 1 MiB by default. */
  readonly maxJobBytes?: number
  /** The largest message as it is encoded, in bytes; 50 MiB by default. */
  readonly maxMessageBytes?: number
  /** Content of more bytes is kept beside the queue; 64 KiB by default. */
  readonly inlineBytes?: number
}

/** Makes a job of a request: knows its name, reads its files, validates it, keeps its content. */
export type Prepare = (
  mail: SendMail,
  memory?: DigestMemory,
) => Promise<{
  readonly prepared: PreparedJob
  /** Of the job, and of the content that was read and kept for it. */
  readonly bytes: number
}>

const DEFAULT_INLINE_BYTES = 65_536
const NO_MEMORY: BodyMemory = { find: () => undefined }

/**
 * Prepares requests for these connection managers.
 *
 * Rejects with `UnknownConnectionError`, `InvalidJobError`, `UnsendableRawError`, `JobTooLargeError`,
 * `MessageTooLargeError`, and the errors of attachments and contents.
 */
export function createPrepare(
  options: PrepareOptions,
  open: () => Promise<KeepPlace>,
  bodies: BodyMemory = NO_MEMORY,
): Prepare {
  const { connections, attachmentRoots: roots = [], maxJobBytes = DEFAULT_MAX_JOB_BYTES } = options
  const { retentionMs = DEFAULT_RETENTION_MS } = options
  const { maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, inlineBytes = DEFAULT_INLINE_BYTES } =
    options
  const maxBytes = options.maxAttachmentBytes ?? maxMessageBytes
  return async (mail, memory) => {
    const managers =
      typeof mail?.connection === 'string' ? connections.members(mail.connection) : []
    const lent = managers.find((manager) => manager.from !== undefined)?.from
    const snapshot = await snapshotFiles(mail, {
      roots,
      maxBytes,
      inlineBytes,
      ...(memory && { memory }),
    })
    const { input, stored, sources } = snapshot
    const now = new Date()
    const id = newJobId(now)
    const make = (shared?: SharedBodies): CreatedJob =>
      createJob(input, {
        now,
        newId: () => id,
        maxBytes: maxJobBytes,
        maxMessageBytes,
        inlineBytes,
        stored: { ...stored, ...(shared && { bodies: shared.source.ref }) },
        ...(lent && { defaultAuthor: lent.address }),
      })
    const shared = bodies.find(input?.message)
    const created = make(shared)
    refuseTooLate(created.job, retentionMs)
    if (lent === undefined) refuseWithoutAuthor(created.job)
    const prepared =
      shared === undefined
        ? await keepJob(created, sources, open)
        : await keepSharing(created, { shared, sources, make }, await open())
    return { ...prepared, bytes: prepared.bytes + snapshot.readBytes }
  }
}

function refuseTooLate({ notBefore = 0, acceptedAt }: SendMailJob, retentionMs: number): void {
  if (notBefore - acceptedAt <= retentionMs) return
  const problem = `expected at most ${formatDuration(retentionMs)}, the retention of the ledger: a cancelled message must not be forgotten before it is due`
  throw new InvalidJobError([{ path: 'options', problem }])
}

function refuseWithoutAuthor({ connection, message, envelope }: SendMailJob): void {
  if ((message === undefined ? envelope.from : message.from) !== undefined) return
  const [path, who] =
    message === undefined ? ['envelope.from', 'a sender'] : ['message.from', 'an author']
  const problem = `expected ${who}, because "${connection}" has no \`from\` of its own`
  throw new InvalidJobError([{ path, problem }])
}
