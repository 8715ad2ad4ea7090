import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WatchOptions {
  /** The files to look at; asked before every look. One that is not there is watched for. */
  readonly files: () => readonly string[]
  /** Called when some have changed and come to rest; must not reject. The next look waits for it. */
  readonly onChange: () => Promise<unknown>
  /** How often they are looked at, in milliseconds; 1,000 by default. */
  readonly everyMs?: number
}

/** After so many looks a file counts as changed though it is still being written. */
const MAX_LOOKS = 20
/** How long a file must stay as it is. */
const REST_MS = 200

type Looks = ReadonlyMap<string, string>

/**
 * Watches files by looking at them, until it is disposed of; resolves when it has looked once.
 *
 * A look follows links and needs no help of the system, so that it sees what a notice does not: a
 * link somewhere in the path that is exchanged, as for a mounted ConfigMap, and files that another
 * machine writes.
 */
export async function watchFiles(options: WatchOptions): Promise<Disposable> {
  const { files, onChange, everyMs = 1_000 } = options
  const closing = new AbortController()
  const { signal } = closing
  let seen = await lookAt(files())

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
    const now = await lookAt(files())
    const isChanged = differ(seen, now)
    seen = isChanged ? await rested(now) : now
    if (!isChanged) return
    await onChange()
    // Files that it refers to since then are known from now on.
    seen = new Map([...(await lookAt(files())), ...seen])
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

async function lookAt(files: readonly string[]): Promise<Looks> {
  const looks = files.map(async (file) => [file, await describeFile(file)] as const)
  return new Map(await Promise.all(looks))
}

/** A text that changes whenever the content, or the file behind a link, may have changed. */
async function describeFile(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return 'not there'
  }
}

/** Files that only one of the looks knows say nothing. */
function differ(before: Looks, now: Looks): boolean {
  return [...now].some(([file, look]) => before.has(file) && before.get(file) !== look)
}
