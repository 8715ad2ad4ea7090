import { msCovered } from '../fleet/spans.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import type { Settlement } from '../ledger/ledger.ts'
import type { AttemptContext, Claimed } from './attempt.ts'

/**
 * Why a claimed message is not tried any more, as its settlement; undefined when it may be tried.
 *
 * A message expires by its own `notAfter`, which never stops, or by its age, which does not count
 * the time in which its name was parked or it was held as uncertain itself. A message on which too many workers died in a row is
 * set aside. So is one that nobody but a manager may send again which its name has left.
 */
export function mayTry(
  job: SendMailJob,
  claim: Claimed,
  context: Pick<AttemptContext, 'now' | 'parkedMsSince' | 'retry' | 'goneManager'>,
): Settlement | undefined {
  const { retry, goneManager } = context
  if (goneManager !== undefined) {
    const name = JSON.stringify(goneManager)
    const text = `it may have been sent through ${name}, where its mail does not go any more`
    return {
      outcomes: [],
      rest: 'refused',
      isAttempt: false,
      last: { rule: 'local.manager-gone', text },
    }
  }
  if (claim.claims > retry.maxClaims) {
    const text = `${claim.claims - 1} workers in a row took this message and never settled it`
    return {
      outcomes: [],
      rest: 'refused',
      isAttempt: false,
      last: { rule: 'local.set-aside', text },
    }
  }
  const now = context.now()
  if (job.notAfter !== undefined && now >= job.notAfter) {
    return expired('local.not-after', 'the time after which it must not be sent is over')
  }
  const since = Math.max(job.acceptedAt, job.notBefore ?? 0)
  // The record's age is the store's word; the job's times are the producer's clock.
  const { held = [] } = claim
  const jobAgeMs = now - since - msCovered(held, since)
  const ageMs = Math.min(claim.ageMs, jobAgeMs) - context.parkedMsSince(since, held)
  return ageMs > retry.giveUpAfterMs
    ? expired('local.give-up', 'it could not be delivered within the time for retries')
    : undefined
}

function expired(rule: string, text: string): Settlement {
  return { outcomes: [], rest: 'expired', isAttempt: false, last: { rule, text } }
}
