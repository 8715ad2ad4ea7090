import * as z from 'zod'

import { ratesSchema } from './rate.ts'

/** How much one connection manager is asked to carry. */
export const limitsSchema = z
  .strictObject({
    sessions: count(5, 'Sessions open at once, of all workers together'),
    messagesPerSession: count(100, 'Messages after which a session is closed and replaced'),
    recipientsPerTransaction: count(100, 'Recipients in one transaction (RFC 5321 §4.5.3.1.8)'),
    messageBytes: count(
      52_428_800,
      "Bytes of a whole message; the server's own SIZE limit counts besides",
    ),
    rate: ratesSchema
      .prefault([])
      .describe(
        'How many messages or recipients in a span of time, for all workers together; no limit by default',
      ),
  })
  .readonly()

export type Limits = z.output<typeof limitsSchema>

function count(fallback: number, meaning: string) {
  return z
    .int()
    .min(1)
    .default(fallback)
    .describe(`${meaning}; ${grouped(fallback)} by default`)
}

/** Digits in groups of three, without the locale data that `toLocaleString` loads at every start. */
function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}
