import * as z from 'zod'

import { InvalidDurationError, parseDuration, type Duration } from '../duration.ts'
import { MAX_TIME_MS } from './limits.ts'

/** A point in time: a `Date`, or ISO 8601 with an offset, such as `2027-01-31T08:00:00Z`. */
export type TimeInput = Date | string

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/

/** A point in time, in milliseconds since 1970. */
export const timeInputSchema = z.custom<TimeInput>().transform((input, context): number => {
  const ms = readTime(input)
  if (ms >= 0 && ms <= MAX_TIME_MS) return ms
  const message =
    'expected a valid date since 1970, or ISO 8601 with an offset such as "2027-01-31T08:00:00Z"'
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** A span, in milliseconds. */
export const durationInputSchema = z.custom<Duration>().transform((input, context): number => {
  try {
    return parseDuration(input)
  } catch (error) {
    if (!(error instanceof InvalidDurationError)) throw error
    const message = 'expected a duration such as "30s", "1h30m" or milliseconds'
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
})

function readTime(input: unknown): number {
  if (input instanceof Date) return input.getTime()
  return typeof input === 'string' && ISO.test(input) ? Date.parse(input) : Number.NaN
}
