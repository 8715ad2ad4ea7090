/** Who may be next, and how often. */
export interface Weighted {
  readonly name: string
  /** A whole number. */
  readonly weight: number
}

/** Takes turns by weight. */
export interface WeightedTurns {
  /** The next one of `candidates`; undefined when there are none. */
  next<Candidate extends Weighted>(candidates: readonly Candidate[]): Candidate | undefined
}

/**
 * Smooth weighted round robin: of weights 3 and 1 come a, a, b, a, again and again. Who is no candidate
 * for a while does not catch up on its turns later.
 *
 * `start` turns are taken before the first one. Workers that start one after the other have their first
 * turns as one worker would have them in a row, and so their second ones, and all others.
 */
export function createWeightedTurns(start = 0): WeightedTurns {
  const credits = new Map<string, number>()
  let hasBegun = false
  return {
    next: (candidates) => {
      const [first] = candidates
      if (first === undefined || candidates.length === 1) return first
      if (!hasBegun) {
        hasBegun = true
        for (let left = start % cycleOf(candidates); left > 0; left -= 1) take(credits, candidates)
      }
      return take(credits, candidates) ?? first
    },
  }
}

function take<Candidate extends Weighted>(
  credits: Map<string, number>,
  candidates: readonly Candidate[],
): Candidate | undefined {
  let best: Candidate | undefined
  let most = -Infinity
  let total = 0
  for (const candidate of candidates) {
    const credit = (credits.get(candidate.name) ?? 0) + candidate.weight
    credits.set(candidate.name, credit)
    total += candidate.weight
    if (credit <= most) continue
    best = candidate
    most = credit
  }
  if (best !== undefined) credits.set(best.name, most - total)
  return best
}

/** After how many turns everything begins anew. */
function cycleOf(candidates: readonly Weighted[]): number {
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0)
  return total / candidates.reduce((divisor, { weight }) => divisorOf(divisor, weight), 0)
}

/** The greatest number that divides both. */
function divisorOf(one: number, other: number): number {
  return other === 0 ? one : divisorOf(other, one % other)
}
