import { isDeepStrictEqual } from 'node:util'

import type { Circuit } from './circuit.ts'
import type { ManagerKey } from './health.ts'
import type { HealthChanges, Transition } from './health-changes.ts'
import { circuitIn, NOTHING_KNOWN, type ManagerHealth } from './manager-health.ts'

/**
 * The health of a store's managers as this process knows it. What it finds itself holds here at once;
 * what the store answers holds when nothing newer was found meanwhile.
 */
export interface HealthPages {
  of(name: string): ManagerHealth
  /** The digests of this name that somebody here uses. */
  followed(name: string): readonly string[]
  /** The names of which somebody here uses a manager. */
  names(): readonly string[]
  follow(manager: ManagerKey): () => void
  /** Changes a record here, and then in the store. Rejects when the store does not take it. */
  change(name: string, transition: Transition): Promise<void>
  /** Changes a record in the store. Rejects when the store does not take it. */
  tell(name: string, transition: Transition): Promise<void>
  /** Changes a record here alone. */
  find(name: string, transition: Transition): boolean
  /** Runs `work` when the changes of this name that came before are through. */
  inTurn<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Takes over what the store has; answers the names of which something newer is on its way to it. */
  read(names: readonly string[]): Promise<readonly string[]>
  onChange(listener: (manager: ManagerKey, circuit: Circuit) => void): () => void
  /** Resolves when everything that was found has been told, or the store did not take it. */
  settled(): Promise<void>
}

/** What is known of a name. */
interface Page {
  record: ManagerHealth
  /** Grows with everything that was found here. */
  version: number
  /** Changes that are on their way to the store. */
  pending: number
  last: Promise<unknown>
  /** How many follow each digest. */
  readonly followed: Map<string, number>
}

/** Opens the pages with what the store has now. */
export async function openHealthPages(
  changes: HealthChanges,
  now: () => number,
): Promise<HealthPages> {
  const pages = new Map<string, Page>()
  const listeners = new Set<(manager: ManagerKey, circuit: Circuit) => void>()

  const pageOf = (name: string): Page => pages.get(name) ?? addPage(pages, name)
  const become = (name: string, page: Page, record: ManagerHealth): void => {
    const digests = changedDigests(page, record)
    page.record = record
    for (const digest of digests) {
      for (const listener of listeners) listener({ name, digest }, circuitIn(record, digest))
    }
  }
  const find = (name: string, transition: Transition): boolean => {
    const page = pageOf(name)
    const record = transition(page.record, now())
    if (record === page.record) return false
    page.version += 1
    become(name, page, record)
    return true
  }
  const tell = async (name: string, transition: Transition): Promise<void> => {
    const page = pageOf(name)
    const { version } = page
    const record = await changes.change(name, transition)
    // Of what was found before this was told, but is told after it, the store knows nothing yet.
    if (page.version === version && page.pending <= 1) become(name, page, record)
  }
  const read = async (names: readonly string[]): Promise<readonly string[]> => {
    const free = names.filter((name) => pageOf(name).pending === 0)
    const versions = new Map(free.map((name) => [name, pageOf(name).version]))
    const found = await changes.read(free)
    return names.filter((name) => {
      const page = pageOf(name)
      const isBehind = page.version !== versions.get(name) || page.pending > 0
      if (!isBehind) become(name, page, found.get(name) ?? NOTHING_KNOWN)
      return isBehind
    })
  }

  for (const [name, record] of await changes.all()) pageOf(name).record = record
  return {
    of: (name) => pages.get(name)?.record ?? NOTHING_KNOWN,
    followed: (name) => [...(pages.get(name)?.followed.keys() ?? [])],
    names: () => [...pages.keys()].filter((name) => pageOf(name).followed.size > 0),
    follow: ({ name, digest }) => follow(pageOf(name).followed, digest),
    change: async (name, transition) => {
      if (find(name, transition)) await inTurn(pageOf(name), () => tell(name, transition))
    },
    tell,
    find,
    inTurn: (name, work) => inTurn(pageOf(name), work),
    read,
    onChange: (listener) => listen(listeners, listener),
    settled: async () => {
      await Promise.all([...pages.values()].map(({ last }) => last))
    },
  }
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Those that are followed, and whose circuit is another one in `record`. */
function changedDigests({ record: before, followed }: Page, record: ManagerHealth): string[] {
  return [...followed.keys()].filter(
    (digest) => !isDeepStrictEqual(circuitIn(record, digest), circuitIn(before, digest)),
  )
}

function addPage(pages: Map<string, Page>, name: string): Page {
  const page = {
    record: NOTHING_KNOWN,
    version: 0,
    pending: 0,
    last: Promise.resolve(),
    followed: new Map<string, number>(),
  }
  pages.set(name, page)
  return page
}

function inTurn<T>(page: Page, work: () => Promise<T>): Promise<T> {
  page.pending += 1
  const turn = page.last.then(work).finally(() => void (page.pending -= 1))
  page.last = turn.catch(() => undefined)
  return turn
}

function follow(followed: Map<string, number>, digest: string): () => void {
  followed.set(digest, (followed.get(digest) ?? 0) + 1)
  return () => {
    const left = (followed.get(digest) ?? 0) - 1
    if (left > 0) followed.set(digest, left)
    else followed.delete(digest)
  }
}
