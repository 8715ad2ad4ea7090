import type { SendMailJob } from '../job/send-mail.ts'
import type { Ledger, NewRecord, Recorded } from '../ledger/ledger.ts'
import type { NewJob, QueuePriority, Queues } from '../queue/queues.ts'
import type { Store } from '../store/store.ts'

/** A job with what the queue must know of it. */
export interface Enqueued {
  readonly job: SendMailJob
  readonly hasKey: boolean
  readonly priority: QueuePriority
}

export interface EnqueueContext {
  readonly store: Store
  readonly queues: Queues
  readonly ledger: Ledger
  readonly now: () => number
  /** Whether the first conflict ends all: nothing behind it is taken, and it has the last answer. */
  readonly stopsAtRefused: boolean
}

/**
 * Records messages and adds their jobs; one answer per message, in order.
 *
 * The record comes first: it forbids a second message under the same key. When a crash comes
 * between the two, nobody was told that the message is accepted; the same key again adds the job
 * that is missing. One transaction on Postgres.
 */
export async function enqueue(
  mails: readonly Enqueued[],
  context: EnqueueContext,
): Promise<readonly Recorded[]> {
  const { store, ledger, stopsAtRefused } = context
  return store.atomically(async () => {
    const recording = ledger.record(mails.map(({ job }) => entryOf(job)))
    if (!mails.some(({ hasKey }) => hasKey)) {
      // A new random id cannot be known yet: both writes leave together.
      const [answers] = await Promise.all([recording, addJobs(mails, recording, context)])
      return answers
    }
    const all = await recording
    const conflict = stopsAtRefused ? all.findIndex(({ kind }) => kind === 'conflict') : -1
    const answers = conflict === -1 ? all : all.slice(0, conflict + 1)
    const behind = mails.filter((_, at) => at >= answers.length && all[at]?.kind === 'recorded')
    await forget(behind, ledger)
    const missing = mails.filter((_, at) => needsJob(answers[at]))
    await addJobs(missing, recording, context)
    return answers
  })
}

function needsJob(answer: Recorded | undefined): boolean {
  return answer?.kind === 'recorded' || (answer?.kind === 'known' && answer.enqueueAgain)
}

function entryOf(job: SendMailJob): NewRecord {
  const { id, connection, messageId, digest, envelope } = job
  return { id, connection, messageId, digest, recipients: envelope.to }
}

async function addJobs(
  mails: readonly Enqueued[],
  recording: Promise<unknown>,
  { store, queues, ledger, now }: EnqueueContext,
): Promise<void> {
  const waiting = Map.groupBy(mails, ({ job }) => job.connection)
  for (const [name, some] of waiting) {
    try {
      await queues.add(
        name,
        some.map((mail) => newJobOf(mail, now())),
      )
    } catch (error) {
      // A transaction takes its records back by itself, and the same key adds the missing job.
      const lost = [...waiting.values()].flat().filter(({ hasKey }) => !hasKey)
      if (store.kind === 'redis') {
        await recording.then(
          () => forget(lost, ledger),
          () => undefined,
        )
      }
      throw error
    }
    waiting.delete(name)
  }
}

function newJobOf({ job, priority }: Enqueued, now: number): NewJob {
  return { id: job.id, data: job, delayMs: Math.max(0, (job.notBefore ?? 0) - now), priority }
}

/** Takes records back that have no job; what cannot be reached now stays without one. */
async function forget(mails: readonly Enqueued[], ledger: Ledger): Promise<void> {
  await Promise.allSettled(mails.map(({ job }) => ledger.forget(job.id)))
}
