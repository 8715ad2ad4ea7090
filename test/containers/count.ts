/** Where the messages of a load are in the end, by number. */
export interface Ends {
  /** From the ledger: the numbers in each state. */
  readonly states: Readonly<Record<string, readonly number[]>>
  /** From the mail catcher: the subject of every mail that it has. */
  readonly subjects: readonly string[]
}

/** How a load of `count` messages stands: every number is in exactly one of the first four. */
export interface Tally {
  /** Delivered says the ledger, and caught once. */
  readonly once: number
  /** Uncertain says the ledger; caught once or not at all. */
  readonly uncertain: readonly number[]
  /** Caught more often than once. */
  readonly twice: readonly number[]
  /** Everything else: not caught, or caught and not known as delivered. */
  readonly missing: readonly number[]
  /** Of the uncertain ones, those that were caught after all. */
  readonly uncertainCaught: number
}

/** Compares what the ledger knows of the messages `NAME 1` to `NAME COUNT` with what was caught. */
export function tally(name: string, count: number, { states, subjects }: Ends): Tally {
  const caught = new Map<string, number>()
  for (const subject of subjects) caught.set(subject, (caught.get(subject) ?? 0) + 1)
  const times = (number: number): number => caught.get(`${name} ${number}`) ?? 0
  const delivered = new Set(states['delivered'])
  const doubted = new Set(states['uncertain'])

  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const twice = numbers.filter((number) => times(number) > 1)
  const uncertain = numbers.filter((number) => doubted.has(number) && times(number) < 2)
  const good = numbers.filter((number) => delivered.has(number) && times(number) === 1)
  const placed = new Set([...twice, ...uncertain, ...good])
  return {
    once: good.length,
    uncertain,
    twice,
    missing: numbers.filter((number) => !placed.has(number)),
    uncertainCaught: uncertain.filter((number) => times(number) === 1).length,
  }
}
