/** Chance that is the same for the same seed. */
export interface Random {
  isTrue(probability: number): boolean
  /** From 0 up to `below`, without it. */
  whole(below: number): number
  of<T>(choices: readonly T[]): T
  /** Up to `most` of them. */
  list<T>(most: number, make: (at: number) => T): T[]
  text(pieces: readonly string[], most: number): string
  maybe<T extends object>(probability: number, make: () => T): Partial<T>
}

export function randomOf(seed: number): Random {
  // A linear congruence has little chance in its first numbers of small seeds.
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const whole = (below: number): number => Math.floor(next() * below)
  const of = <T>(choices: readonly T[]): T => {
    const choice = choices[whole(choices.length)]
    if (choice === undefined) throw new Error('expected something to choose from')
    return choice
  }
  const list = <T>(most: number, make: (at: number) => T): T[] =>
    Array.from({ length: whole(most + 1) }, (_, at) => make(at))
  return {
    isTrue: (probability) => next() < probability,
    whole,
    of,
    list,
    text: (pieces, most) => list(most, () => of(pieces)).join(''),
    maybe: (probability, make) => (next() < probability ? make() : {}),
  }
}
