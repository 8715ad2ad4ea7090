import * as z from 'zod'

const limitSchema = z
  .object({
    of: z.enum(['messages', 'recipients']),
    everyMs: z.number(),
    burst: z.number(),
    perMs: z.number(),
    recipientsEach: z.number().optional(),
  })
  .readonly()

/**
 * How much a manager may be given: `burst` at once, and one more every `everyMs` on average. Limits
 * of the same span, `perMs`, are one, whatever workers have configured. Of a limit of messages one
 * with more recipients counts once for each `recipientsEach`; always once by default.
 */
export type RateLimit = z.output<typeof limitSchema>

export const saidSchema = z.record(
  z.string(),
  z.object({ at: z.number(), limits: z.array(limitSchema).readonly() }).readonly(),
)

/** The terms that each worker has configured, and when it last said so, by the store's clock. */
export type SaidTerms = Readonly<z.output<typeof saidSchema>>

/** For how long the terms of a worker count that says nothing more. */
export const TERMS_MS = 60_000

/** The terms after a worker said its own at `now`; without any it has none. */
export function sayTerms(
  said: SaidTerms,
  worker: string,
  limits: readonly RateLimit[],
  now: number,
): SaidTerms {
  const others = Object.entries(said).filter(([id, { at }]) => id !== worker && at > now - TERMS_MS)
  const own = limits.length === 0 ? [] : [[worker, { at: now, limits }] as const]
  return Object.fromEntries([...others, ...own])
}

/** The limits that hold at `now`, by their keys: each as the strictest of all workers has it. */
export function termsInForce(said: SaidTerms, now: number): ReadonlyMap<string, RateLimit> {
  const terms = new Map<string, RateLimit>()
  for (const { at, limits } of Object.values(said)) {
    if (at <= now - TERMS_MS) continue
    for (const limit of limits) {
      const key = `${limit.of}/${limit.perMs}`
      const other = terms.get(key)
      terms.set(key, other === undefined ? limit : stricter(other, limit))
    }
  }
  return terms
}

function stricter(a: RateLimit, b: RateLimit): RateLimit {
  return {
    ...a,
    everyMs: Math.max(a.everyMs, b.everyMs),
    burst: Math.min(a.burst, b.burst),
    recipientsEach: Math.min(a.recipientsEach ?? Infinity, b.recipientsEach ?? Infinity),
  }
}
