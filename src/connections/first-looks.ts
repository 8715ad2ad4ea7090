import { lookAtFile, type Looks } from './file-look.ts'

/** How files looked just before they were read for the first time. */
export interface FirstLooks {
  /** Whether they are there or not; undefined until one has been looked at, which may be never. */
  readonly looks: Looks
  /** Resolves when the file has been looked at: whoever reads it then misses no later change. */
  before(file: string): Promise<void>
}

/** Makes looks at no file yet. */
export function createFirstLooks(): FirstLooks {
  const looks = new Map<string, string | undefined>()
  const looking = new Map<string, Promise<void>>()
  const lookAt = async (file: string): Promise<void> => {
    looks.set(file, undefined)
    looks.set(file, (await lookAtFile(file)).look)
  }
  return {
    looks,
    before: (file) => {
      const first = looking.get(file) ?? lookAt(file)
      looking.set(file, first)
      return first
    },
  }
}
