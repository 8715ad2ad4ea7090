/** What a `package-lock.json` says of the packages that belong together. */
export interface Lock {
  /** By the folder of each; the repository itself is "". */
  readonly packages: Readonly<Record<string, Locked>>
}

interface Locked {
  readonly devDependencies?: Readonly<Record<string, string>>
  /** Nothing but development asks for it. */
  readonly dev?: boolean
  /** Development asks for it, and else only what may do without. */
  readonly devOptional?: boolean
}

/**
 * Those of the named packages that only development needs. One that the repository names for its
 * tests and a dependency needs in production is none of them.
 */
export function forDevelopment(names: readonly string[], lock: Lock): readonly string[] {
  const named = lock.packages['']?.devDependencies ?? {}
  return names.filter((name) => {
    const { dev = false, devOptional = false } = lock.packages[`node_modules/${name}`] ?? {}
    return dev || (devOptional && name in named)
  })
}
