import * as z from 'zod'

import { compactSpans, type Span } from './spans.ts'
import { loweredEveryMs } from './lowered-rate.ts'
import { saidSchema, sayTerms, termsInForce, type RateLimit } from './rate-terms.ts'

const moment = z.number()

const recordSchema = z.object({
  used: z.record(z.string(), z.object({ until: moment, everyMs: z.number() }).readonly()),
  said: saidSchema,
  waits: z.array(z.object({ from: moment, to: moment }).readonly()).readonly(),
  lowered: z
    .object({ everyMs: z.number(), fromEveryMs: z.number(), since: moment, at: moment })
    .readonly()
    .optional(),
})

/**
 * How much of the rates of one manager is used: a state is data, a transition is a function. Points
 * in time are milliseconds of the store's clock.
 *
 * - `used`: by limit, until when what was given is paid for (the theoretical arrival time of GCRA),
 *   and at what rate it is paid.
 * - `said`: the limits that the workers have, of which the strictest count.
 * - `waits`: when there was nothing to be had for longer than anybody waits, oldest first: messages
 *   do not age by them.
 * - `lowered`: what the server asked for.
 */
export type RateBook = Readonly<z.output<typeof recordSchema>>

/** A manager through which nothing was sent. */
export const NOTHING_SENT: RateBook = { used: {}, said: {}, waits: [] }

/** What is to be had: when each of the first messages may be sent, and when the next one. */
export interface Slots {
  readonly at: readonly number[]
  /** When there is nothing for the first one that was left out; undefined when all have theirs. */
  readonly nextAt: number | undefined
}

/** A slot so far away is waited for; for a later one the name is left alone. */
export const MOST_WAIT_MS = 5_000

const MAX_WAITS = 200

/** Who takes, and what; `now` is the store's clock. */
export interface Wish {
  /** The recipients of each message, in their order. */
  readonly recipients: readonly number[]
  readonly now: number
  /** Takes nothing that is further away; `MOST_WAIT_MS` by default. */
  readonly mostWaitMs?: number
  /** How much later than its slot a message may be sent, and still none too many are; 0 by default. */
  readonly lateMs?: number
}

/** The book after a worker said what limits it has: they count until it says otherwise, or nothing. */
export function withTerms(
  book: RateBook,
  worker: string,
  limits: readonly RateLimit[],
  now: number,
): RateBook {
  return { ...book, said: sayTerms(book.said, worker, limits, now) }
}

/**
 * Takes slots for messages. All limits in force must have room, and then all are charged. A message
 * with more recipients than a burst has goes when all is paid.
 */
export function takeSlots(
  before: RateBook,
  { recipients, now, mostWaitMs = MOST_WAIT_MS, lateMs = 0 }: Wish,
): { readonly book: RateBook; readonly slots: Slots } {
  const terms = termsOf(before, now)
  const used = new Map(terms.map(({ key, until }) => [key, until]))
  const at: number[] = []
  let nextAt: number | undefined
  for (const count of recipients) {
    const costs = terms.map((term) => ({ ...term, cost: costOf(term, count) }))
    const ready = Math.max(
      now,
      ...costs.map(({ key, everyMs, burst, cost }) => {
        const paid = used.get(key) ?? 0
        return paid - (burst - Math.min(cost, burst)) * everyMs
      }),
    )
    if (ready - now > mostWaitMs) {
      nextAt = ready
      break
    }
    at.push(ready)
    for (const { key, everyMs, cost } of costs) {
      used.set(key, Math.max(used.get(key) ?? 0, ready + lateMs) + cost * everyMs)
    }
  }
  const waits =
    at.length > 0 || nextAt === undefined ? before.waits : waited(before.waits, now, nextAt)
  const left = Object.entries(before.used).filter(([, { until }]) => until > now)
  const taken = terms.map(({ key, everyMs }) => {
    return [key, { until: used.get(key) ?? 0, everyMs }] as const
  })
  return {
    book: { ...before, used: Object.fromEntries([...left, ...taken]), waits },
    slots: { at, nextAt },
  }
}

/**
 * How much later than its slot one message may be sent for nothing, at most `mostMs`: by so much
 * the burst is ahead of the rate.
 */
export function freeLateMs(book: RateBook, now: number, mostMs: number): number {
  return Math.min(mostMs, ...termsOf(book, now).map(({ everyMs, burst }) => (burst - 1) * everyMs))
}

/** How far apart messages are at least, by all terms that count now; undefined without any. */
export function everyMsInForce({ said, lowered }: RateBook, now: number): number | undefined {
  const terms = [...termsInForce(said, now).values()].filter(({ of }) => of === 'messages')
  const slowest = Math.max(
    loweredEveryMs(lowered, now) ?? 0,
    ...terms.map(({ everyMs }) => everyMs),
  )
  return slowest === 0 ? undefined : slowest
}

/** What a store that forgot its last moments has, with what was known of it before. */
export function remembered(forgetful: RateBook, known: RateBook): RateBook {
  const later = Object.entries(known.used).filter(([key, { until }]) => {
    return until > (forgetful.used[key]?.until ?? 0)
  })
  const { lowered = known.lowered } = forgetful
  return {
    ...forgetful,
    used: { ...forgetful.used, ...Object.fromEntries(later) },
    ...(lowered !== undefined && { lowered }),
  }
}

/** The record as the store keeps it. */
export function encodeRates(book: RateBook): string {
  return JSON.stringify(book)
}

/** Reads what `encodeRates` wrote; what nobody can read is begun anew. */
export function decodeRates(text: string | undefined): RateBook {
  if (text === undefined) return NOTHING_SENT
  try {
    return recordSchema.safeParse(JSON.parse(text)).data ?? NOTHING_SENT
  } catch {
    return NOTHING_SENT
  }
}

interface Term extends RateLimit {
  readonly key: string
  readonly until: number
}

/** The limits as the strictest of all workers has them, and what the server asked for. */
function termsOf({ used, said, lowered }: RateBook, now: number): readonly Term[] {
  const configured = [...termsInForce(said, now)].map(([key, limit]): Term => {
    return { ...limit, key, until: paidAt(used[key], limit.everyMs, now) }
  })
  const everyMs = loweredEveryMs(lowered, now)
  if (everyMs === undefined) return configured
  const key = 'lowered'
  const until = paidAt(used[key], everyMs, now)
  return [...configured, { of: 'messages', everyMs, burst: 1, perMs: 0, key, until }]
}

/** What was given under other terms counts as much, and is paid for under those of now. */
function paidAt(known: RateBook['used'][string] | undefined, everyMs: number, now: number): number {
  if (known === undefined || known.until <= now) return known?.until ?? 0
  return now + (known.until - now) * (everyMs / known.everyMs)
}

function costOf({ of, recipientsEach = Infinity }: RateLimit, recipients: number): number {
  return of === 'recipients' ? recipients : Math.max(1, Math.ceil(recipients / recipientsEach))
}

/** Waits that follow each other are one. */
function waited(waits: readonly Span[], from: number, to: number): readonly Span[] {
  const last = waits.at(-1)
  if (last === undefined || last.to < from) return compactSpans([...waits, { from, to }], MAX_WAITS)
  return [...waits.slice(0, -1), { from: last.from, to: Math.max(last.to, to) }]
}
