import { setTimeout as sleep } from 'node:timers/promises'

import { isMailroomError, type Mailroom } from '../../src/index.ts'
import { RELAY } from './chaos-store.ts'

export interface LoadOptions {
  readonly count: number
  /** Whether each message has an idempotency key, and so is sent until it is accepted. */
  readonly hasKeys: boolean
  /** How long a sender rests between two messages. */
  readonly paceMs: number
  readonly signal: AbortSignal
}

const AT_ONCE = 20
const RETRY_MS = 100
const LINE = 'The quick brown fox jumps over the lazy dog, and the order is on its way.\n'

/**
 * Sends `count` messages; answers the ids of those that were accepted, by number.
 *
 * A store that is away refuses: who sends with a key says it again, which must not make two of it.
 */
export async function sendLoad(
  mailroom: Mailroom,
  { count, hasKeys, paceMs, signal }: LoadOptions,
): Promise<ReadonlyMap<number, string>> {
  const accepted = new Map<number, string>()
  let next = 0
  const sendNext = async (): Promise<void> => {
    while (next < count && !signal.aborted) {
      const number = next
      next += 1
      accepted.set(number, await sendUntilAccepted(mailroom, number, hasKeys, signal))
      if (paceMs > 0) await sleep(paceMs)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sendNext))
  return accepted
}

async function sendUntilAccepted(
  mailroom: Mailroom,
  number: number,
  hasKeys: boolean,
  signal: AbortSignal,
): Promise<string> {
  for (;;) {
    try {
      const { id } = await mailroom.send({
        connection: RELAY,
        message: {
          from: `m${number}@example.com`,
          to: `m${number}@example.org`,
          subject: `Message ${number}`,
          text: LINE.repeat(number % 20 === 7 ? 2_000 : 10),
        },
        // Every other one without, where nothing fails: it is written in another way.
        options: hasKeys || number % 2 === 0 ? { idempotencyKey: `message-${number}` } : {},
      })
      return id
    } catch (error) {
      const isAway = isMailroomError(error) && error.code === 'STORE_UNREACHABLE'
      if (!isAway || !hasKeys || signal.aborted) throw error
      await sleep(RETRY_MS)
    }
  }
}
