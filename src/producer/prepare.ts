import { formatDuration } from '../duration.ts'
import type { Connections } from '../connections/connections.ts'
import type { ContentStore } from '../content/content.ts'
import { createJob, type CreatedJob } from '../job/create-job.ts'
import { InvalidJobError } from '../job/errors.ts'
import { DEFAULT_MAX_JOB_BYTES, DEFAULT_MAX_MESSAGE_BYTES } from '../job/limits.ts'
import type { SendMail } from '../job/send-mail.ts'
import { DEFAULT_RETENTION_MS } from '../ledger/open.ts'
import type { Store } from '../store/store.ts'
import { snapshotFiles } from './attachments.ts'
import type { DigestMemory } from './digest-memory.ts'
import type { BodyMemory } from './body-memory.ts'
import { keepContents, keepShared } from './keep-contents.ts'

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

/** A job whose content is kept already, or will be when `kept` resolves. */
export type PreparedJob = Omit<CreatedJob, 'contents'> & { readonly kept?: Promise<void> }

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
  open: () => Promise<{ readonly contents: ContentStore; readonly store: Pick<Store, 'kind'> }>,
  bodies: BodyMemory = NO_MEMORY,
): Prepare {
  const { connections, attachmentRoots: roots = [], maxJobBytes = DEFAULT_MAX_JOB_BYTES } = options
  const { retentionMs = DEFAULT_RETENTION_MS } = options
  const { maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES, inlineBytes = DEFAULT_INLINE_BYTES } =
    options
  const maxBytes = options.maxAttachmentBytes ?? maxMessageBytes
  const prepare: Prepare = async (mail, memory) => {
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
    const shared = bodies.find(input?.message)
    const { contents, ...prepared } = createJob(input, {
      now: new Date(),
      maxBytes: maxJobBytes,
      maxMessageBytes,
      inlineBytes,
      stored: { ...stored, ...(shared && { bodies: shared.source.ref }) },
      ...(lent && { defaultAuthor: lent.address }),
    })
    const { message, envelope, notBefore = 0, acceptedAt } = prepared.job
    if (notBefore - acceptedAt > retentionMs) {
      const problem = `expected at most ${formatDuration(retentionMs)}, the retention of the ledger: a cancelled message must not be forgotten before it is due`
      throw new InvalidJobError([{ path: 'options', problem }])
    }
    const from = message === undefined ? envelope.from : message.from
    if (from === undefined && lent === undefined) {
      const [path, who] =
        message === undefined ? ['envelope.from', 'a sender'] : ['message.from', 'an author']
      const problem = `expected ${who}, because "${mail.connection}" has no \`from\` of its own`
      throw new InvalidJobError([{ path, problem }])
    }
    const inMemory = contents.map(({ ref, bytes }) => ({ ref, read: () => [bytes] }))
    if (sources.length + inMemory.length > 0) {
      await keepContents([...sources, ...inMemory], prepared.job, await open())
    }
    const inMemoryBytes = inMemory.reduce((sum, { ref }) => sum + ref.bytes, 0)
    const bytes = prepared.bytes + snapshot.readBytes + inMemoryBytes
    if (shared === undefined) return { prepared, bytes }
    const kept = await keepShared(shared, prepared.job, await open())
    return kept === 'no-place'
      ? prepare(mail, memory)
      : { prepared: { ...prepared, ...kept }, bytes }
  }
  return prepare
}
