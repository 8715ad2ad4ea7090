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
  const { store, ledger } = context
  return store.atomically(async () => {
    const entries = mails.map(({ job }) => entryOf(job))
    if (mails.some(({ hasKey }) => hasKey)) {
      const answers = await ledger.record(entries)
      await addJobs(
        mails.filter((_, at) => needsJob(answers[at])),
        context,
      )
      return answers
    }
    // A new random id cannot be known yet: both writes leave together.
    const [answers] = await Promise.all([ledger.record(entries), addJobs(mails, context)])
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

async function addJobs(mails: readonly Enqueued[], context: EnqueueContext): Promise<void> {
  const byName = new Map<string, NewJob[]>()
  for (const { job, priority } of mails) {
    const jobs = byName.get(job.connection) ?? []
    byName.set(job.connection, jobs)
    const delayMs = Math.max(0, (job.notBefore ?? 0) - context.now())
    jobs.push({ id: job.id, data: job, delayMs, priority })
  }
  for (const [name, jobs] of byName) await context.queues.add(name, jobs)
}
