import type { Blame, Circuit } from '../fleet/circuit.ts'

/**
 * How a member of a group stands.
 *
 * - `usable`: mail may be tried through it.
 * - `undecided`: whether it works is being found out, for the first time.
 * - `unusable`: since a moment of the store's clock.
 */
export type Standing =
  | { readonly kind: 'usable' }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'unusable'; readonly since: number; readonly why: Blame | 'paused' }

/** What is known of a member. */
export interface MemberFacts {
  readonly circuit: Circuit
  /** Since when an operator has paused it. */
  readonly pausedSince: number | undefined
  /** Whether nothing is tried through it here. */
  readonly isParked: boolean
}

/** How a member stands, by its pause, its health and what this worker makes of that. */
export function standingOf({ circuit, pausedSince, isParked }: MemberFacts): Standing {
  const isShut = circuit.state === 'open' || circuit.state === 'half-open'
  if (pausedSince !== undefined) {
    const since = isShut ? Math.min(circuit.since, pausedSince) : pausedSince
    return { kind: 'unusable', since, why: 'paused' }
  }
  if (isShut) return { kind: 'unusable', since: circuit.since, why: circuit.blames }
  return { kind: isParked ? 'undecided' : 'usable' }
}
