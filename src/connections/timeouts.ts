import * as z from 'zod'

import { DURATION_PATTERN, parseDuration } from '../duration.ts'
import { parsedBy } from './parsed-by.ts'

/** The longest span that a timer takes: 24.8 days. */
const MAX_MS = 2 ** 31 - 1

/**
 * How long each step of a session and of a transaction may take, in milliseconds once parsed.
 *
 * The defaults are the minima of RFC 5321 §4.5.3.2 where it has one. A short `dot` is false economy:
 * whoever gives up after the final dot does not know whether the message was accepted.
 */
export const timeoutsSchema = z
  .strictObject({
    connect: span('30s', 'Until the TCP connection stands, name look-up included'),
    tls: span('1m', 'Until the TLS handshake is done'),
    greeting: span('5m', "Until the server's greeting"),
    ehlo: span('5m', 'Until the reply to EHLO, and to STARTTLS'),
    auth: span('2m', 'Until each reply of the login'),
    mail: span('5m', 'Until the reply to MAIL FROM'),
    rcpt: span('5m', 'Until the reply to each RCPT TO'),
    data: span('2m', 'Until the reply to DATA'),
    body: span('3m', 'Without any progress while the message is sent'),
    dot: span('10m', 'Until the reply to the final dot'),
    total: span('30m', 'For one whole transaction, from MAIL FROM until the final dot has left'),
    idle: span('30s', 'That an unused session stays open; it is then closed with QUIT'),
  })
  .readonly()

export type Timeouts = z.output<typeof timeoutsSchema>

function span(fallback: string, meaning: string) {
  return z
    .union([z.string(), z.number()], {
      error: 'expected a duration such as "30s", "1h30m" or milliseconds',
    })
    .transform(parsedBy(parseDuration))
    .refine((ms) => ms >= 1 && ms <= MAX_MS, 'expected a duration from 1ms to 24d')
    .prefault(fallback)
    .meta({
      description: `${meaning}; "${fallback}" by default`,
      pattern: DURATION_PATTERN,
      minimum: 1,
      maximum: MAX_MS,
    })
}
