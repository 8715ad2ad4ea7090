/** The same numbers for the same seed, so that what went wrong once can be had again. */
export interface Random {
  /** From 0, below 1. */
  next(): number
  /** One of `all`, each as likely as the others. */
  pick<T>(all: readonly T[]): T
}

/** Starts a sequence; seeds that differ in one part have nothing in common. */
export function createRandom(...seed: readonly (string | number)[]): Random {
  let state = digestOf(seed.join('/'))
  const next = (): number => {
    // Mulberry32: small, fast, and good enough to spread faults.
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    pick: (all) => {
      const chosen = all[Math.floor(next() * all.length)]
      if (chosen === undefined) throw new Error('expected something to pick from')
      return chosen
    },
  }
}

/** FNV-1a. */
function digestOf(text: string): number {
  let digest = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    digest = Math.imul(digest ^ text.charCodeAt(at), 0x01000193)
  }
  return digest
}
