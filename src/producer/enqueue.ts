import { setImmediate as nextTurn } from 'node:timers/promises'

import { packBodies, type StoredJob } from '../job/packed-bodies.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import { JOB_LOST } from '../ledger/job-lost.ts'
import type { Ledger, NewRecord, Recorded } from '../ledger/ledger.ts'
import type { NewJob, QueuePriority, Queues, RequestedJob } from '../queue/queues.ts'
import { StoreNotWritableError } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import type { NotedNames } from './noted-names.ts'
import { recordAll, supersedeOlder } from './record-all.ts'
import { takeBack } from './take-back.ts'

/** A job with what the queue must know of it. */
export interface Enqueued {
  readonly job: SendMailJob
  readonly hasKey: boolean
  readonly priority: QueuePriority
  /** Stands for all messages of which only the newest is to be sent. */
  readonly supersedes?: string
}

/** With the job as it is written. */
interface Packed extends Enqueued {
  readonly data: StoredJob
}

export interface EnqueueContext {
  readonly store: Store
  readonly queues: Queues
  readonly ledger: Ledger
  readonly names: NotedNames
  readonly now: () => number
  /** Whether the first conflict ends all: nothing behind it is taken, and it has the last answer. */
  readonly stopsAtRefused: boolean
}

/**
 * Records messages and adds their jobs; one answer per message, in order.
 *
 * When it rejects with `StoreNotWritableError` nothing is left of those without a key, unless workers
 * had some of many already; one with a key may be, and is the same message when it is sent again.
 */
export async function enqueue(
  mails: readonly Enqueued[],
  context: EnqueueContext,
): Promise<readonly Recorded[]> {
  await context.names.note(new Set(mails.map(({ job }) => job.connection)))
  const packed = await packAll(mails)
  const isKeyed = mails.some(({ hasKey, supersedes }) => hasKey || supersedes !== undefined)
  return context.store.atomically(async () => {
    try {
      return await (isKeyed ? enqueueKeyed(packed, context) : enqueueNew(packed, context))
    } catch (error) {
      // Elsewhere the transaction takes back what was written.
      const isPartly = error instanceof StoreNotWritableError && context.store.kind === 'redis'
      if (!isPartly) throw error
      const isOnItsWay = await everyIsLeft(mails, context)
      if (!isOnItsWay) throw error
      return mails.map(() => ({ kind: 'recorded' }))
    }
  })
}

/** Only large ones are waited for. */
function packAll(mails: readonly Enqueued[]): readonly Packed[] | Promise<readonly Packed[]> {
  const all = mails.map((mail) => ({ mail, data: packBodies(mail.job) }))
  return all.some(({ data }) => data instanceof Promise)
    ? Promise.all(all.map(async ({ mail, data }) => ({ ...mail, data: await data })))
    : all.flatMap(({ mail, data }) => (data instanceof Promise ? [] : { ...mail, data }))
}

/** Takes back what was written; true when all of it is with workers already, and so accepted. */
async function everyIsLeft(mails: readonly Enqueued[], context: EnqueueContext): Promise<boolean> {
  const left = await takeBack(
    mails.filter(({ hasKey }) => !hasKey),
    context,
  )
  return left.length === mails.length
}

/**
 * The record comes first: it forbids a second message under the same key, and an older one. On Redis it keeps a copy
 * of the job until the job is added, from which the sweeper adds it when this process dies here;
 * on Postgres both are one transaction.
 */
async function enqueueKeyed(
  mails: readonly Packed[],
  context: EnqueueContext,
): Promise<readonly Recorded[]> {
  const { ledger, stopsAtRefused } = context
  const entries = mails.map(({ job, data, priority, supersedes }) => ({
    ...entryOf(job),
    copy: { data, priority },
    ...(supersedes !== undefined && { supersedes }),
  }))
  const mayConflict = mails.some(({ hasKey }) => hasKey)
  const all = await recordAll(entries, {
    ...context,
    stopsAtRefused: stopsAtRefused && mayConflict,
  })
  const conflict = stopsAtRefused ? all.findIndex(({ kind }) => kind === 'conflict') : -1
  const answers = conflict === -1 ? all : all.slice(0, conflict + 1)
  const behind = mails.filter((_, at) => at >= answers.length && all[at]?.kind === 'recorded')
  await forget(behind, ledger)
  const needed = await Promise.all(
    mails.map(async (mail, at) => ((await needsJob(mail, answers[at], ledger)) ? [mail] : [])),
  )
  const { added, lost, fault } = await addJobs(needed.flat(), context)
  // What cannot be let go now is found by the sweeper, which sees that the job is there.
  await ledger.enqueued?.(idsOf([...added, ...lost])).catch(() => undefined)
  // A transaction takes its records back by itself, and the same key adds the missing job.
  if (fault !== undefined)
    return giveUp(
      lost.filter(({ hasKey }) => !hasKey),
      fault,
      context,
    )
  return supersedeOlder(answers, context)
}

/**
 * A new random id cannot be known yet: both writes leave together, and the job first, so that a
 * store which loses its last second keeps no record without a job. A claim creates a record that
 * is absent.
 */
async function enqueueNew(
  mails: readonly Packed[],
  context: EnqueueContext,
): Promise<readonly Recorded[]> {
  const adding = addJobs(mails, context)
  if (context.store.kind === 'redis') await nextTurn()
  const [{ lost, fault }, recorded] = await Promise.all([
    adding,
    context.ledger
      .record(mails.map(({ job }) => entryOf(job)))
      .then((answers) => ({ answers }))
      .catch((error: unknown) => ({ error })),
  ])
  if (fault !== undefined) return giveUp(lost, fault, context)
  if ('error' in recorded) throw recorded.error
  // A worker may have been so quick that its claim created the record.
  return recorded.answers.map((answer) => (answer.kind === 'known' ? { kind: 'recorded' } : answer))
}

function entryOf(job: SendMailJob): NewRecord {
  const { id, connection, messageId, digest, envelope } = job
  return { id, connection, messageId, digest, recipients: envelope.to }
}

/** A message whose job was lost and who was given up for it is opened by its key again. */
async function needsJob(
  { job: { id } }: Enqueued,
  answer: Recorded | undefined,
  ledger: Ledger,
): Promise<boolean> {
  if (answer === undefined || answer.kind === 'conflict') return false
  if (answer.kind === 'recorded' || answer.enqueueAgain) return true
  if (answer.state !== 'expired') return false
  const record = await ledger.get(id)
  if (record?.last?.rule !== JOB_LOST) return false
  return (await ledger.reopen(id)).kind === 'reopened'
}

interface Added {
  readonly added: readonly Enqueued[]
  readonly lost: readonly Enqueued[]
  /** The first fault; undefined when nothing was lost. */
  readonly fault: { readonly error: unknown } | undefined
}

async function addJobs(mails: readonly Packed[], { queues, now }: EnqueueContext): Promise<Added> {
  const added: Enqueued[] = []
  const lost: Enqueued[] = []
  let fault: Added['fault']
  const add = async (name: string, some: readonly Packed[]): Promise<void> => {
    try {
      const keyed = some.filter(({ hasKey }) => hasKey)
      // A message that was forgotten may have left a job under the same key.
      if (keyed.length > 0) await queues.makeRoom(name, keyed.map(requestOf))
      await queues.add(
        name,
        some.map((mail) => newJobOf(mail, now())),
      )
      added.push(...some)
    } catch (error) {
      fault ??= { error }
      lost.push(...some)
    }
  }
  const byName = Map.groupBy(mails, ({ job }) => job.connection)
  await Promise.all([...byName].map(([name, some]) => add(name, some)))
  return { added, lost, fault }
}

function newJobOf({ job, data, priority }: Packed, now: number): NewJob {
  return { id: job.id, data, delayMs: Math.max(0, (job.notBefore ?? 0) - now), priority }
}

function requestOf({ job: { id, digest } }: Enqueued): RequestedJob {
  return { id, digest }
}

async function giveUp(
  lost: readonly Enqueued[],
  { error }: { readonly error: unknown },
  { store, ledger }: EnqueueContext,
): Promise<never> {
  if (store.kind === 'redis') await forget(lost, ledger)
  throw error
}

/** Takes records back that have no job; what cannot be reached now stays without one. */
async function forget(mails: readonly Enqueued[], ledger: Ledger): Promise<void> {
  await Promise.allSettled(mails.map(({ job }) => ledger.forget(job.id)))
}

function idsOf(mails: readonly Enqueued[]): readonly string[] {
  return mails.map(({ job }) => job.id)
}
