/** Who may be next, and how often. */
export interface Weighted {
  readonly name: string
  readonly weight: number
}

/** Takes turns by weight. */
export interface WeightedTurns {
  /** The next one of `candidates`; undefined when there are none. */
  next<Candidate extends Weighted>(candidates: readonly Candidate[]): Candidate | undefined
}

/**
 * Smooth weighted round robin: of weights 3 and 1 come a, a, b, a, and never one three times in a row
 * when that can be helped. Who is no candidate for a while does not catch up on its turns later.
 */
export function createWeightedTurns(): WeightedTurns {
  const credits = new Map<string, number>()
  return {
    next: (candidates) => {
      const [first] = candidates
      if (first === undefined || candidates.length === 1) return first
      let best = first
      let total = 0
      for (const candidate of candidates) {
        const credit = (credits.get(candidate.name) ?? 0) + candidate.weight
        credits.set(candidate.name, credit)
        total += candidate.weight
        if (credit > (credits.get(best.name) ?? 0)) best = candidate
      }
      credits.set(best.name, (credits.get(best.name) ?? 0) - total)
      return best
    },
  }
}
