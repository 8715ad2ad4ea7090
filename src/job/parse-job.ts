import * as z from 'zod'

import { InvalidJobError, UnsupportedJobVersionError } from './errors.ts'
import { issuesOf, kindOf } from './job-issue.ts'
import { unpackBodies } from './packed-bodies.ts'
import {
  isSendMailJob,
  JOB_VERSIONS,
  sendMailJobSchema,
  type SendMailJob,
} from './send-mail-job.ts'

/** What came out of the queue: a job, or why it cannot be read. */
export type ParsedJob =
  | { readonly kind: 'job'; readonly job: SendMailJob }
  | {
      readonly kind: 'unreadable'
      readonly error: InvalidJobError | UnsupportedJobVersionError
    }

/** Compiled, because every message of every worker passes here. */
const compiled = z.compile(sendMailJobSchema)

/** Reads a job from the queue's JSON: once more, because between producer and worker lies time. */
export function parseJob(data: unknown): ParsedJob {
  if (typeof data !== 'object' || data === null) {
    const problem = `expected an object, got ${kindOf(data)}`
    return { kind: 'unreadable', error: new InvalidJobError([{ path: 'job', problem }]) }
  }
  const version: unknown = 'version' in data ? data.version : undefined
  if (!JOB_VERSIONS.some((known) => known === version)) {
    return { kind: 'unreadable', error: new UnsupportedJobVersionError(version, JOB_VERSIONS) }
  }
  const parsed = compiled.safeParse(unpackBodies(data))
  if (!parsed.success) {
    return { kind: 'unreadable', error: new InvalidJobError(issuesOf(parsed.error)) }
  }
  const job: unknown = parsed.data
  if (isSendMailJob(job)) return { kind: 'job', job }
  const problem = 'expected `message` or `raw`'
  return { kind: 'unreadable', error: new InvalidJobError([{ path: 'job', problem }]) }
}
