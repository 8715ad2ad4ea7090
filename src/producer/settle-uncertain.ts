import { property } from '../job/property.ts'
import { ANNOUNCEMENTS, packAnnouncements } from '../ledger/announcements.ts'
import { needsContent } from '../ledger/content-need.ts'
import type { MessageRecord, MessageState } from '../ledger/ledger.ts'
import { ACCEPTED_UNCERTAIN, type UncertainWay } from '../ledger/uncertain.ts'
import type { OpenDesk } from './desk.ts'

/**
 * The answer to `settleUncertain`.
 *
 * - `settled`: `recipients` of them were, and `state` is what holds now.
 * - `held`: its policy does nothing with it any more, if it ever would have: it waits for a person.
 * - `not-uncertain`: no recipient is any more; nothing was changed.
 * - `content-gone`: nobody has its content any more, so that it cannot be sent again.
 * - `too-late`: it cannot be sent again, since the sender's own `notAfter` is over.
 * - `busy`: a worker has not ended its last attempt in the queue yet; ask again.
 * - `unknown`: there is no record of it.
 */
export type UncertainAnswer =
  | {
      readonly kind: 'settled'
      readonly way: UncertainWay
      readonly recipients: number
      readonly state: MessageState
    }
  | { readonly kind: 'held'; readonly state: MessageState }
  | { readonly kind: 'not-uncertain'; readonly state: MessageState }
  | { readonly kind: 'content-gone'; readonly code: 'CONTENT_GONE' }
  | { readonly kind: 'too-late' | 'busy' | 'unknown' }

type SettlingDesk = Pick<OpenDesk, 'store' | 'ledger' | 'queues' | 'contents'>

/** What a person decides: to send it again, to count it as delivered, or that somebody will. */
export type UncertainChoice = UncertainWay | 'hold'

/**
 * Settles the uncertain recipients of a message, by a person's decision: it is sent to them once
 * more, or counts as delivered; or it is held, whatever its policy would do with it later.
 *
 * The ledger decides first and then its job follows. What a crash leaves between the two on Redis is
 * put right by the sweeper; on Postgres both are one transaction.
 */
export async function settleUncertain(
  id: string,
  choice: UncertainChoice,
  desk: SettlingDesk,
  onError: (error: unknown) => void,
): Promise<UncertainAnswer> {
  const { store, ledger } = desk
  const record = await ledger.get(id)
  if (record === undefined) return { kind: 'unknown' }
  const digest = await ledger.digestOf(id)
  const answer = await store.atomically(() => decide(record, digest, choice, desk))
  if (answer.kind === 'settled' && choice === 'accept') {
    const { connection } = record
    await finish({ id, connection, digest, state: answer.state }, desk).catch(onError)
  }
  return answer
}

async function decide(
  { id, connection, recipients }: MessageRecord,
  digest: string | undefined,
  choice: UncertainChoice,
  desk: SettlingDesk,
): Promise<UncertainAnswer> {
  const { ledger, queues } = desk
  if (choice === 'resend' && recipients.some(({ state }) => state === 'uncertain')) {
    const obstacle = await findObstacle(id, connection, digest, desk)
    if (obstacle !== undefined) return obstacle
  }
  const answer = await ledger.settleUncertain(id, choice)
  switch (answer.kind) {
    case 'settled':
      if (answer.state === 'deferred') await queues.wake(connection, id, digest)
      return answer
    case 'held':
      return { kind: 'held', state: answer.state }
    case 'not-uncertain':
    case 'unknown':
      return answer
    case 'not-due':
      // Only what a policy has decided is answered so.
      return { kind: 'not-uncertain', state: answer.state }
  }
}

/** Why a message cannot be sent again. */
async function findObstacle(
  id: string,
  connection: string,
  digest: string | undefined,
  { store, queues }: SettlingDesk,
): Promise<UncertainAnswer | undefined> {
  const data = await queues.read(connection, id)
  const isOther = digest !== undefined && property(data, 'digest') !== digest
  if (data === undefined || isOther) return { kind: 'content-gone', code: 'CONTENT_GONE' }
  const notAfter = property(data, 'notAfter')
  if (typeof notAfter === 'number' && notAfter <= (await store.nowMs())) return { kind: 'too-late' }
  // A worker still has to end the job: it would do so behind our back.
  return (await queues.stateOf(connection, id)) === 'active' ? { kind: 'busy' } : undefined
}

/** Tells that a message has come to its end, and removes what nobody needs any more. */
async function finish(
  settled: {
    readonly id: string
    readonly connection: string
    readonly digest: string | undefined
    readonly state: MessageState
  },
  { store, queues, contents }: SettlingDesk,
): Promise<void> {
  const { id, connection, digest, state } = settled
  if (state === 'queued' || state === 'active' || state === 'deferred') return
  if (!needsContent(state)) {
    await queues.removeRequested(connection, { id, digest })
    await contents.release(id, digest)
  }
  const rule = ACCEPTED_UNCERTAIN
  for (const text of packAnnouncements([{ id, connection, state, rule }])) {
    await store.publish(ANNOUNCEMENTS, text)
  }
}
