import type { Ledger } from '../ledger/ledger.ts'
import type { Queues } from '../queue/queues.ts'
import type { Enqueued } from './enqueue.ts'

interface TakeBackContext {
  readonly queues: Queues
  readonly ledger: Ledger
}

/**
 * Takes back what a store has kept of new messages before it took no more writes: a memory that runs
 * full refuses one write after another was taken. Answers those that a worker has by now.
 *
 * Only for ids that nobody else can know. Rejects when it cannot be told what is left.
 */
export async function takeBack(
  mails: readonly Enqueued[],
  context: TakeBackContext,
): Promise<readonly Enqueued[]> {
  const left = await Promise.all(
    mails.map(async (mail) => ((await isTakenBack(mail, context)) ? [] : [mail])),
  )
  return left.flat()
}

async function isTakenBack(
  { job: { id, connection, digest } }: Enqueued,
  { queues, ledger }: TakeBackContext,
): Promise<boolean> {
  // A store that takes back no more than it takes leaves both to be seen below.
  await queues.removeRequested(connection, { id, digest }).catch(() => false)
  if ((await queues.stateOf(connection, id)) !== undefined) return false
  await ledger.forget(id).catch(() => undefined)
  // A record that was claimed stays: the worker that ended its job has told what became of it.
  return (await ledger.get(id)) === undefined
}
