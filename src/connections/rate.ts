import * as z from 'zod'

import { DURATION_PATTERN, parseDuration } from '../duration.ts'
import { parsedBy } from './parsed-by.ts'

/** A month and a day: longer quotas are not counted by time. */
const MAX_MS = 32 * 86_400_000

const countOf = (what: string) =>
  z
    .int()
    .min(1)
    .optional()
    .describe(`${what} that it may be given in the span; no limit by default`)

/** How many messages, or recipients, all workers together may give a manager in a span. */
const rateSchema = z
  .strictObject({
    messages: countOf('Messages'),
    recipients: countOf('Recipients of messages'),
    per: z
      .union([z.string(), z.number()], { error: 'expected a duration such as "1m" or "1d"' })
      .transform(parsedBy(parseDuration))
      .refine((ms) => ms >= 1_000 && ms <= MAX_MS, 'expected a duration from 1s to 32d')
      .meta({
        description: 'The span, such as "1m" or "1d"',
        pattern: DURATION_PATTERN,
        minimum: 1_000,
        maximum: MAX_MS,
      }),
    burst: z
      .int()
      .min(1)
      .optional()
      .describe(
        'How many of them may go at once after a rest; what the rate yields in a second by default, one message or 100 recipients at least',
      ),
  })
  .refine(
    ({ messages, recipients }) => (messages === undefined) !== (recipients === undefined),
    'expected either `messages` or `recipients`',
  )
  .readonly()

export type Rate = z.output<typeof rateSchema>

/** One rate or several, all of which hold. */
export const ratesSchema = z
  .union([rateSchema, z.array(rateSchema).readonly()])
  .transform((rates): readonly Rate[] => (isList(rates) ? rates : [rates]))

function isList(rates: Rate | readonly Rate[]): rates is readonly Rate[] {
  return Array.isArray(rates)
}
