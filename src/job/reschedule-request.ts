import * as z from 'zod'

import { formatDuration } from '../duration.ts'
import { InvalidJobError } from './errors.ts'
import { issuesOf } from './job-issue.ts'
import { timeInputSchema, type TimeInput } from './time-input.ts'

/** When a message is to be sent instead. */
export interface RescheduleOptions {
  /** Not before this time; one that is over means at once. */
  readonly sendAt: TimeInput
}

/** What a message is bound by, in milliseconds. */
export interface RescheduleBounds {
  readonly nowMs: number
  /** For how long it may be put off. */
  readonly retentionMs: number
  /** The sender's own deadline; undefined when it has none. */
  readonly notAfter: number | undefined
}

const schema = z.strictObject({ sendAt: timeInputSchema })

/** Reads the time at which a message is to be sent. Throws `InvalidJobError`. */
export function parseSendAt(options: RescheduleOptions): number {
  const parsed = schema.safeParse(options)
  if (!parsed.success) throw new InvalidJobError(issuesOf(parsed.error))
  return parsed.data.sendAt
}

/** Refuses a time that contradicts what else was asked for. Throws `InvalidJobError`. */
export function checkSendAt(
  sendAt: number,
  { nowMs, retentionMs, notAfter }: RescheduleBounds,
): void {
  const problem =
    sendAt - nowMs > retentionMs
      ? `expected at most ${formatDuration(retentionMs)} from now, the retention of the ledger`
      : notAfter !== undefined && notAfter <= Math.max(sendAt, nowMs)
        ? 'expected a time before `notAfter`, after which the message must not be sent'
        : undefined
  if (problem !== undefined) throw new InvalidJobError([{ path: 'sendAt', problem }])
}
