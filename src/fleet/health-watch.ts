import type { Store } from '../store/store.ts'
import type { HealthOptions } from './health.ts'
import { HEALTH, type HealthChanges } from './health-changes.ts'
import type { HealthPages } from './health-pages.ts'
import { changed, circuitIn, entryIn, TOUCH_AFTER_MS } from './manager-health.ts'

type WatchOptions = Pick<HealthOptions, 'keepMs' | 'now' | 'onFault' | 'everyMs'>

/** What works is looked up, and said to be used, at every so many looks at what does not. */
const SLOW_LOOK = 10
/** What nobody uses is removed at this look first, and after so many again. */
const FIRST_TIDYING = 60
const TIDYING = 3_600

/**
 * Keeps pages as the store has them: by its notices, and by looking, in case one was lost. Says now
 * and then which managers are still used, and removes what nobody uses.
 */
export async function watchHealth(
  store: Store,
  changes: HealthChanges,
  pages: HealthPages,
  { keepMs, now, onFault, everyMs = 1_000 }: WatchOptions,
): Promise<AsyncDisposable> {
  const wanted = new Set<string>()
  let reading: Promise<void> = Promise.resolve()
  let looks = 0
  let isClosed = false

  const complain = (error: unknown): void => {
    if (!isClosed) onFault(error)
  }
  const read = async (): Promise<void> => {
    const names = [...wanted]
    wanted.clear()
    if (names.length === 0 || isClosed) return
    for (const name of await pages.read(names)) wanted.add(name)
  }
  const readNext = (): void => {
    reading = reading.then(read).catch(complain)
  }
  const touch = (name: string): void => {
    for (const digest of pages.followed(name)) {
      const entry = entryIn(pages.of(name).entries, digest)
      if (entry === undefined || entry.usedAt > now() - TOUCH_AFTER_MS) continue
      const work = (): Promise<void> =>
        pages.tell(name, (before, at) =>
          changed(before, digest, circuitIn(before, digest), undefined, at, keepMs),
        )
      pages.inTurn(name, work).catch(complain)
    }
  }
  const look = (): void => {
    looks += 1
    const isSlow = looks % SLOW_LOOK === 0
    for (const name of pages.names()) {
      if (isSlow) touch(name)
      if (isSlow || !isAtRest(pages, name)) wanted.add(name)
    }
    readNext()
    if (looks % TIDYING === FIRST_TIDYING) changes.tidy(keepMs).catch(complain)
  }

  const unsubscribe = await store.subscribe(HEALTH, (name) => {
    if (pages.followed(name).length === 0) return
    wanted.add(name)
    readNext()
  })
  const timer = setInterval(look, everyMs).unref()
  return {
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      clearInterval(timer)
      await unsubscribe()
    },
  }
}

/** Whether all managers of a name that are used here work, or nobody has asked. */
function isAtRest(pages: HealthPages, name: string): boolean {
  return pages.followed(name).every((digest) => {
    const circuit = circuitIn(pages.of(name), digest)
    return circuit.state === 'closed' || (circuit.state === 'unknown' && !circuit.probe)
  })
}
