import type { StableFile } from './read-within.ts'

/** The digests of files that were read, for those who send the same file to many. */
export interface DigestMemory {
  /** The digest of `file`; `read` is called unless it is known and nobody wrote to the file since. */
  digestOf(path: string, file: StableFile, read: () => Promise<string>): Promise<Digested>
}

export interface Digested {
  readonly sha256: string
  /** False when the file was not read again. */
  readonly isRead: boolean
}

/**
 * A file that was changed this short a while ago may change again under the same time: file systems
 * know seconds, some of them two.
 */
const SETTLED_MS = 2_000
const MAX_FILES = 100

/** Remembers up to a hundred files, by path, place on the disk, size and times. */
export function createDigestMemory(nowMs: () => number = Date.now): DigestMemory {
  const known = new Map<string, { readonly version: string; readonly sha256: string }>()
  return {
    digestOf: async (path, { version, changedMs }, read) => {
      const seen = known.get(path)
      if (seen?.version === version) return { sha256: seen.sha256, isRead: false }
      // Before it is read: what is written meanwhile is newer.
      const isSettled = nowMs() - changedMs > SETTLED_MS
      const sha256 = await read()
      known.delete(path)
      const [oldest] = known.keys()
      if (oldest !== undefined && known.size >= MAX_FILES) known.delete(oldest)
      if (isSettled) known.set(path, { version, sha256 })
      return { sha256, isRead: true }
    },
  }
}
