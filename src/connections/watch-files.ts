import { setTimeout as sleep } from 'node:timers/promises'

import { lookAtFile, type Looks } from './file-look.ts'

export interface WatchOptions {
  /**
   * The files to look at, each as it looked before it was read; asked before every look. One that is
   * not there is watched for, and one of which nothing is known as it looks from then on.
   */
  readonly files: () => Looks
  /** Called when some have changed and come to rest; must not reject. The next look waits for it. */
  readonly onChange: () => Promise<unknown>
  /** How often they are looked at, in milliseconds; 1,000 by default. */
  readonly everyMs?: number
}

/** After so many looks a file counts as changed though it is still being written. */
const MAX_LOOKS = 20
/** How long a file must stay as it is. */
const REST_MS = 200

/**
 * Watches files by looking at them, until it is disposed of.
 *
 * A look follows links and needs no help of the system, so that it sees what a notice does not: a
 * link somewhere in the path that is exchanged, as for a mounted ConfigMap, and files that another
 * machine writes.
 */
export function watchFiles({ files, onChange, everyMs = 1_000 }: WatchOptions): Disposable {
  const closing = new AbortController()
  const { signal } = closing
  let seen: Looks = new Map()

  /** What they look like when they have come to rest: no half of a file shall be read. */
  const rested = async (first: Looks): Promise<Looks> => {
    let before = first
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      await sleep(REST_MS, undefined, { signal, ref: false })
      const now = await lookAt(files())
      if (!differ(before, now)) return now
      before = now
    }
    return before
  }
  const look = async (): Promise<void> => {
    const known = files()
    const now = await lookAt(known)
    const isChanged = differ(new Map([...known, ...seen]), now)
    seen = isChanged ? await rested(now) : now
    if (isChanged) await onChange()
  }
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false })
      await look()
    }
  }
  watch().catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
  return { [Symbol.dispose]: () => closing.abort() }
}

async function lookAt(files: Looks): Promise<Looks> {
  const looks = await Promise.all([...files.keys()].map(lookAtFile))
  return new Map(looks.map(({ file, look }) => [file, look]))
}

/** Files that only one of the looks knows say nothing. */
function differ(before: Looks, now: Looks): boolean {
  return [...now].some(([file, look]) => (before.get(file) ?? look) !== look)
}
