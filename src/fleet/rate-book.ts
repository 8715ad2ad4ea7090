import * as z from 'zod'

import { compactSpans, type Span } from './spans.ts'
import { loweredEveryMs } from './lowered-rate.ts'

/** How much a manager may be given: `burst` at once, and one more every `everyMs` on average. */
export interface RateLimit {
  readonly of: 'messages' | 'recipients'
  readonly everyMs: number
  readonly burst: number
  /** Limits of the same span are one, whatever workers have configured. */
  readonly perMs: number
  /** A message with more recipients counts once for each so many of them; always once by default. */
  readonly recipientsEach?: number
}

const moment = z.number()

const recordSchema = z.object({
  used: z.record(
    z.string(),
    z.object({ until: moment, everyMs: z.number(), burst: z.number(), saidAt: moment }).readonly(),
  ),
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
 *   and the terms of the strictest worker, with when they were last said.
 * - `waits`: when there was nothing to be had for longer than anybody waits, oldest first: messages
 *   do not age by them.
 * - `lowered`: what the server asked for.
 */
export type RateBook = Readonly<z.output<typeof recordSchema>>

/** A manager through which nothing was sent. */
export const NOTHING_SENT: RateBook = { used: {}, waits: [] }

/** What is to be had: when each of the first messages may be sent, and when the next one. */
export interface Slots {
  readonly at: readonly number[]
  /** When there is nothing for the first one that was left out; undefined when all have theirs. */
  readonly nextAt: number | undefined
}

/** A slot so far away is waited for; for a later one the name is left alone. */
export const MOST_WAIT_MS = 5_000

/** For how long the terms of a worker count that says nothing more. */
const TERMS_MS = 60_000
const MAX_WAITS = 200

/**
 * Takes slots for messages with so many recipients each, in their order. All limits must have room,
 * and then all are charged. A message with more recipients than a burst has goes when all is paid.
 */
export function takeSlots(
  before: RateBook,
  limits: readonly RateLimit[],
  recipients: readonly number[],
  now: number,
  mostWaitMs = MOST_WAIT_MS,
): { readonly book: RateBook; readonly slots: Slots } {
  const terms = termsOf(before, limits, now)
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
      used.set(key, Math.max(used.get(key) ?? 0, ready) + cost * everyMs)
    }
  }
  const waits =
    at.length > 0 || nextAt === undefined ? before.waits : waited(before.waits, now, nextAt)
  const said = terms.map(({ key, everyMs, burst, saidAt }) => {
    return [key, { until: used.get(key) ?? 0, everyMs, burst, saidAt }] as const
  })
  return {
    book: { ...before, used: { ...before.used, ...Object.fromEntries(said) }, waits },
    slots: { at, nextAt },
  }
}

/** How far apart messages are at least, by all terms that count now; undefined without any. */
export function everyMsInForce({ used, lowered }: RateBook, now: number): number | undefined {
  const said = Object.entries(used)
    .filter(([key, { saidAt }]) => key.startsWith('messages/') && saidAt > now - TERMS_MS)
    .map(([, { everyMs }]) => everyMs)
  const slowest = Math.max(loweredEveryMs(lowered, now) ?? 0, ...said)
  return slowest === 0 ? undefined : slowest
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
  readonly saidAt: number
}

/** The limits as the strictest of all workers has them, and what the server asked for. */
function termsOf(book: RateBook, limits: readonly RateLimit[], now: number): readonly Term[] {
  const configured = limits.map((limit): Term => {
    const key = `${limit.of}/${limit.perMs}`
    const known = book.used[key]
    const isKnownStricter =
      known !== undefined && known.everyMs > limit.everyMs && known.saidAt > now - TERMS_MS
    if (!isKnownStricter) {
      return { ...limit, key, until: paidAt(known, limit.everyMs, now), saidAt: now }
    }
    const { until, everyMs, burst, saidAt } = known
    return { ...limit, key, until, everyMs, burst: Math.min(burst, limit.burst), saidAt }
  })
  const everyMs = loweredEveryMs(book.lowered, now)
  if (everyMs === undefined) return configured
  const key = 'lowered'
  const until = paidAt(book.used[key], everyMs, now)
  return [...configured, { of: 'messages', everyMs, burst: 1, perMs: 0, key, until, saidAt: now }]
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
