/**
 * A rate that a server asked for. Spans and points in time are milliseconds, by the store's clock.
 *
 * - `everyMs`: one message in so long a time, as it was at `at`; raised step by step from then on.
 * - `fromEveryMs`: what it was before anybody asked, and what ends it.
 * - `since`: when it was first lowered.
 */
export interface Lowered {
  readonly everyMs: number
  readonly fromEveryMs: number
  readonly since: number
  readonly at: number
}

/** What the server says again within this time it says of what was sent before. */
const COOL_MS = 10_000
/** After each of these the rate is raised by a quarter. */
const STEP_MS = 60_000
const STEP = 1.25
/** One message a minute is the lowest that anybody is slowed down to. */
const SLOWEST_MS = 60_000
/** What is assumed of a manager that nobody has measured. */
const UNMEASURED_MS = 1_000

/** How far apart messages are now; undefined when nothing is lowered any more. */
export function loweredEveryMs(lowered: Lowered | undefined, now: number): number | undefined {
  if (lowered === undefined) return undefined
  const steps = Math.floor(Math.max(0, now - lowered.at) / STEP_MS)
  const everyMs = lowered.everyMs / STEP ** Math.min(steps, 200)
  return everyMs > lowered.fromEveryMs ? everyMs : undefined
}

/**
 * Half the rate of now, which is the lowered one, else the one that is configured or measured, the
 * slower one of these. Unchanged when it was lowered just now, or since the server asked, at `askedAt`.
 */
export function lower(
  before: Lowered | undefined,
  askedAt: number,
  configuredEveryMs: number | undefined,
  measuredEveryMs: number | undefined,
  now: number,
): Lowered {
  const current = loweredEveryMs(before, now)
  if (before !== undefined && before.at >= askedAt) return before
  if (before !== undefined && current !== undefined && now - before.at < COOL_MS) return before
  const usual = Math.max(configuredEveryMs ?? 0, measuredEveryMs ?? 0) || UNMEASURED_MS
  const isLow = before !== undefined && current !== undefined
  const fromEveryMs = isLow ? before.fromEveryMs : Math.min(usual, SLOWEST_MS / 2)
  const everyMs = Math.min(SLOWEST_MS, Math.max(current ?? usual, fromEveryMs) * 2)
  return { everyMs, fromEveryMs, since: isLow ? before.since : now, at: now }
}

/** A rate as people say it, rounded to what matters. */
export function perMinute(everyMs: number): number {
  return Number((60_000 / everyMs).toPrecision(3))
}
