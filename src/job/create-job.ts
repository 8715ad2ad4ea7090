import type { ContentRef, Placed } from './content-ref.ts'
import { digestOf } from './digest.ts'
import { InvalidJobError, JobTooLargeError, MessageTooLargeError } from './errors.ts'
import { issuesOf, type JobIssue } from './job-issue.ts'
import { jobIdOfKey, newJobId } from './job-id.ts'
import { DEFAULT_MAX_JOB_BYTES, DEFAULT_MAX_MESSAGE_BYTES } from './limits.ts'
import { messageIdOf } from './message-id.ts'
import { envelopeOf, findEnvelopeIssues } from './normalise.ts'
import {
  placeContents,
  type NewContent,
  type PlacedMessage,
  type StoredParts,
} from './place-contents.ts'
import { dueTime, findScheduleIssues } from './schedule.ts'
import { sendMailSchema, type ParsedSendMail, type SendMail } from './send-mail.ts'
import { versionOf, type SendMailJob } from './send-mail-job.ts'

/** What `createJob` takes from the world around it. */
export interface CreateJobContext {
  readonly now: Date
  /** Of the job's JSON; 1 MiB by default. */
  readonly maxBytes?: number
  /** Of the whole message once it is encoded; 50 MiB by default. */
  readonly maxMessageBytes?: number
  /** Content of more bytes lies beside the queue; none by default, all of it is in the job. */
  readonly inlineBytes?: number
  /** Content that lies beside the queue anyway; what `input` says in its place is not looked at. */
  readonly stored?: StoredParts
  /** The author's address when the message names none; its Message-ID then has that domain. */
  readonly defaultAuthor?: string
  /** Makes the id of a message without idempotency key; random, in the order of time by default. */
  readonly newId?: (now: Date) => string
}

/** A job, and what the queue must know of it. */
export interface CreatedJob {
  readonly job: SendMailJob
  /** Whether the id comes from an idempotency key, and may be known already. */
  readonly hasKey: boolean
  readonly priority: 'high' | 'normal' | 'low'
  /** Digest of what stands for all messages of which only the newest is to be sent. */
  readonly supersedes?: string
  /** The size of the job's JSON. */
  readonly bytes: number
  /** What the job refers to and `stored` does not: to be put beside the queue first. */
  readonly contents: readonly NewContent[]
}

/**
 * Makes a job of what the caller gives; nothing is read, written or sent.
 *
 * Throws `InvalidJobError` with all problems, `UnsendableRawError`, `MessageTooLargeError`, or
 * `JobTooLargeError`.
 */
export function createJob(input: SendMail, context: CreateJobContext): CreatedJob {
  const { now, stored } = context
  const { maxBytes = DEFAULT_MAX_JOB_BYTES, inlineBytes = Infinity } = context
  const parsed = sendMailSchema.safeParse(input)
  if (!parsed.success) throw new InvalidJobError(issuesOf(parsed.error))
  const { options = {} } = parsed.data
  const envelope = envelopeOf(parsed.data)
  refuse([...findScheduleIssues(options, now), ...findEnvelopeIssues(envelope)])

  let placed = placeContents(parsed.data, stored, inlineBytes)
  refuseTooLarge(placed, context)
  let made = assemble(parsed.data, envelope, placed, context)
  if (made.bytes > maxBytes && placed.hasInline && inlineBytes < Infinity) {
    // Many small files are as much of a burden to the queue as a large one.
    placed = placeContents(parsed.data, stored, 0)
    made = assemble(parsed.data, envelope, placed, context)
  }
  if (made.bytes > maxBytes) throw new JobTooLargeError(made.bytes, maxBytes)
  return {
    ...made,
    hasKey: options.idempotencyKey !== undefined,
    priority: options.priority ?? 'normal',
    ...(options.supersedes !== undefined && { supersedes: digestOf(options.supersedes) }),
    contents: placed.contents,
  }
}

/** What a job refers to; the same content may be there twice. */
export function refsOf(job: Pick<SendMailJob, 'message' | 'raw'>): readonly ContentRef[] {
  if (job.raw !== undefined) return refsIn([job.raw])
  const { bodies, attachments = [] } = job.message ?? {}
  return bodies === undefined ? refsIn(attachments) : [bodies, ...refsIn(attachments)]
}

function refsIn(placed: readonly Placed[]): readonly ContentRef[] {
  return placed.flatMap(({ ref }) => ref ?? [])
}

function assemble(
  { connection, options = {} }: ParsedSendMail,
  envelope: SendMailJob['envelope'],
  { content, identity, messageId }: PlacedMessage,
  { now, newId = newJobId, defaultAuthor }: CreateJobContext,
): Pick<CreatedJob, 'job' | 'bytes'> {
  const {
    idempotencyKey,
    fingerprint,
    priority = 'normal',
    delay,
    sendAt,
    notAfter,
    uncertain,
    supersedes,
    dsn,
  } = options
  const asked = {
    ...(dsn !== undefined && { dsn }),
    ...(options.requireTls === true && { requireTls: true as const }),
  }
  const notBefore = dueTime(options, now)
  const id = idempotencyKey === undefined ? newId(now) : jobIdOfKey(idempotencyKey)
  const { from, sender } = content.message ?? {}
  const author = content.raw === undefined ? (from ?? sender)?.address : envelope.from
  const contentJson = JSON.stringify({ envelope, ...content })
  // Bodies are large, and most messages are told apart by just what the job holds.
  const identityJson =
    fingerprint === undefined && identity === content
      ? contentJson
      : JSON.stringify({
          envelope,
          ...(fingerprint === undefined ? Object(identity) : { fingerprint }),
        })
  // A message without them has the digest that it always had.
  const others = Object.keys(asked).length === 0 ? undefined : asked
  const newer = [uncertain, supersedes, others].filter((wish) => wish !== undefined)
  const wishes = [connection, priority, delay, sendAt, notAfter, ...newer]
  const shell = {
    version: versionOf(asked, content.message?.bodies),
    id,
    connection,
    messageId: messageId ?? messageIdOf(id, author || defaultAuthor),
    digest: digestOf(identityJson, JSON.stringify(wishes)),
    acceptedAt: now.getTime(),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(uncertain === undefined ? {} : { uncertain }),
    ...asked,
  } as const
  // The braces between the two halves of the job's JSON become one comma.
  const bytes = Buffer.byteLength(JSON.stringify(shell)) + Buffer.byteLength(contentJson) - 1
  return { job: { ...shell, envelope, ...content }, bytes }
}

function refuse(issues: readonly JobIssue[]): void {
  if (issues.length > 0) throw new InvalidJobError(issues)
}

function refuseTooLarge(
  { encodedBytes }: PlacedMessage,
  { maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES }: CreateJobContext,
): void {
  if (encodedBytes > maxMessageBytes) throw new MessageTooLargeError(encodedBytes, maxMessageBytes)
}
