import { property } from '../job/property.ts'
import type { MessageRecord, MessageState } from '../ledger/ledger.ts'
import type { OpenDesk } from './desk.ts'

export interface RetryOptions {
  /** Also a message that may have been delivered: its recipients may get it twice. */
  readonly evenIfDelivered?: boolean
}

/**
 * The answer to `retry`.
 *
 * - `retried`: it waits in the queue again, due now.
 * - `not-held`: it is on its way, or came to an end that nobody changes.
 * - `may-be-delivered`: it is uncertain, and `evenIfDelivered` was not said.
 * - `too-late`: the sender's own `notAfter` is over.
 * - `content-gone`: its record is there, its content is not any more.
 * - `busy`: a worker has not ended its last attempt in the queue yet; ask again. Never in a paused
 *   queue, unless it runs.
 * - `unknown`: there is no record of it.
 */
export type Retried =
  | { readonly kind: 'retried' }
  | { readonly kind: 'not-held'; readonly state: MessageState }
  | { readonly kind: 'may-be-delivered' }
  | { readonly kind: 'too-late' }
  | { readonly kind: 'content-gone' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'unknown' }

/** What a retry needs to be open. */
type RetryDesk = Pick<OpenDesk, 'store' | 'ledger' | 'queues'>

/**
 * Gives a refused, expired or set aside message another try, by a person's decision.
 *
 * The ledger opens it first and then the queue takes it back: the other way round a worker would
 * find it settled. What a crash leaves between the two on Redis is put right by the next call;
 * on Postgres both are one transaction.
 */
export async function retry(
  id: string,
  { evenIfDelivered = false }: RetryOptions,
  desk: RetryDesk,
): Promise<Retried> {
  const { store, ledger, queues } = desk
  return store.atomically(async () => {
    const record = await ledger.get(id)
    if (record === undefined) return { kind: 'unknown' }
    const { connection, state } = record
    if (!HELD.includes(state)) {
      // A call before this one may have ended between ledger and queue.
      const isRevived =
        state === 'deferred' && (await queues.revive(connection, id, await ledger.digestOf(id)))
      return isRevived ? { kind: 'retried' } : { kind: 'not-held', state }
    }
    if (state === 'uncertain' && !evenIfDelivered) return { kind: 'may-be-delivered' }
    const obstacle = await findObstacle(record, desk)
    if (obstacle !== undefined) return obstacle
    const reopened = await ledger.reopen(id, { evenIfUncertain: evenIfDelivered })
    if (reopened.kind !== 'reopened') return reopened
    await queues.wake(connection, id, await ledger.digestOf(id))
    return { kind: 'retried' }
  })
}

const HELD: readonly MessageState[] = ['refused', 'expired', 'uncertain']

async function findObstacle(
  { id, connection, planned }: MessageRecord,
  { store, queues, ledger }: RetryDesk,
): Promise<Retried | undefined> {
  const data = await queues.read(connection, id)
  const digest = await ledger.digestOf(id)
  const isOther = digest !== undefined && property(data, 'digest') !== digest
  if (data === undefined || isOther) return { kind: 'content-gone' }
  const notAfter = property(data, 'notAfter')
  if (typeof notAfter === 'number' && notAfter <= (await store.nowMs())) return { kind: 'too-late' }
  const state = await queues.stateOf(connection, id)
  if (state === 'dead') return undefined
  // It is there for its policy, delayed until then, or waiting while nothing can be tried.
  if (state !== 'active' && planned !== undefined) return undefined
  // It expired in a paused queue, where nobody can take it to end it: it waits as it is.
  if (state !== 'active' && (await queues.isPaused(connection))) return undefined
  // A worker still has to end the job: it would do so behind our back.
  return { kind: 'busy' }
}
