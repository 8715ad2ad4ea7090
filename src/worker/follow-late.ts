import type { SendMailJob } from '../job/send-mail.ts'
import { needsContent } from '../ledger/content-need.ts'
import type { Settled } from '../ledger/ledger.ts'
import type { AttemptContext } from './attempt.ts'

/**
 * Has a message's job follow an answer that came after the message had been given up as uncertain:
 * the job is dead by then, or delayed, and its worker is not this one. What is to be tried again is
 * taken again, and what is over goes.
 *
 * Best effort: a job that somebody runs at this moment is put right by the sweeper.
 */
export async function followLate(
  { id, digest }: SendMailJob,
  { isLate = false, state }: Settled,
  { queues, connection, onStoreFault }: AttemptContext,
): Promise<void> {
  if (!isLate) return
  try {
    if (state === 'deferred') await queues.wake(connection, id, digest)
    else if (!needsContent(state)) await queues.removeRequested(connection, { id, digest })
  } catch (error) {
    onStoreFault(error)
  }
}
