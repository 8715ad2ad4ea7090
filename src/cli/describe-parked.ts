import { formatDuration } from '../duration.ts'
import type { HealthStanding } from '../fleet/health-standing.ts'

/** Why nothing can be tried, since when, and for how long. */
export function describeParked(
  { state, since, reason, nextProbeAt }: HealthStanding,
  now: number,
): string {
  const forMs = Math.max(0, now - (since?.getTime() ?? now))
  const leftMs = (nextProbeAt?.getTime() ?? Infinity) - now
  const next = state === 'asked' || leftMs <= 0 ? 'asked now' : askedIn(leftMs)
  const why = reason ?? 'cannot be used'
  return `parked for ${formatDuration(forMs)}, ${next}: ${why}`
}

function askedIn(ms: number): string {
  return ms === Infinity ? 'until somebody mends it' : `asked in ${formatDuration(ms)}`
}
