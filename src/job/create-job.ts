import { digestOf } from './digest.ts'
import { InvalidJobError, JobTooLargeError } from './errors.ts'
import { issuesOf, type JobIssue } from './job-issue.ts'
import { jobIdOfKey, newJobId } from './job-id.ts'
import { DEFAULT_MAX_JOB_BYTES } from './limits.ts'
import { messageIdOf } from './message-id.ts'
import { envelopeOf, findEnvelopeIssues, messageOf } from './normalise.ts'
import { dueTime, findScheduleIssues } from './schedule.ts'
import { sendMailSchema, type SendMail } from './send-mail.ts'
import { JOB_VERSION, type SendMailJob } from './send-mail-job.ts'

/** What `createJob` takes from the world around it. */
export interface CreateJobContext {
  readonly now: Date
  /** Of the job's JSON; 1 MiB by default. */
  readonly maxBytes?: number
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
  /** The size of the job's JSON. */
  readonly bytes: number
}

/**
 * Makes a job of what the caller gives; nothing is read, written or sent.
 *
 * Throws `InvalidJobError` with all problems, or `JobTooLargeError`.
 */
export function createJob(input: SendMail, context: CreateJobContext): CreatedJob {
  const { now, maxBytes = DEFAULT_MAX_JOB_BYTES, newId = newJobId } = context
  const parsed = sendMailSchema.safeParse(input)
  if (!parsed.success) throw new InvalidJobError(issuesOf(parsed.error))
  const { connection, options = {} } = parsed.data
  const { idempotencyKey, priority = 'normal', delay, sendAt, notAfter } = options
  const notBefore = dueTime(options, now)
  const content = { envelope: envelopeOf(parsed.data), message: messageOf(parsed.data.message) }
  refuse([...findScheduleIssues(options, now), ...findEnvelopeIssues(content.envelope)])

  const id = idempotencyKey === undefined ? newId(now) : jobIdOfKey(idempotencyKey)
  const { from, sender } = content.message
  const contentJson = JSON.stringify(content)
  const shell = {
    version: JOB_VERSION,
    id,
    connection,
    messageId: messageIdOf(id, from?.address ?? sender?.address ?? context.defaultAuthor),
    digest: digestOf(contentJson, JSON.stringify([connection, priority, delay, sendAt, notAfter])),
    acceptedAt: now.getTime(),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
  } as const
  const job: SendMailJob = { ...shell, ...content }

  // The braces between the two halves of the job's JSON become one comma.
  const bytes = Buffer.byteLength(JSON.stringify(shell)) + Buffer.byteLength(contentJson) - 1
  if (bytes > maxBytes) throw new JobTooLargeError(bytes, maxBytes)
  return { job, hasKey: idempotencyKey !== undefined, priority, bytes }
}

function refuse(issues: readonly JobIssue[]): void {
  if (issues.length > 0) throw new InvalidJobError(issues)
}
