import { ANNOUNCEMENTS, unpackAnnouncements, type Announcement } from '../ledger/announcements.ts'
import type { Store } from '../store/store.ts'

/** What an application can listen to; `settled` is every ending but `deferred`. */
export type OutcomeName = Announcement['state'] | 'settled'

/** Hears what workers announce. An error that it throws is told to nobody and harms nobody. */
export type OutcomeListener = (outcome: Announcement) => void

/** The announcements of the fleet, heard over one subscription that is opened by the first listener. */
export interface Outcomes {
  on(name: OutcomeName, listener: OutcomeListener): () => void
  /** Resolves when everything that listens is subscribed. */
  ready(): Promise<void>
  close(): Promise<void>
}

/** Listens through the store that `open` gives. */
export function createOutcomes(open: () => Promise<Store>): Outcomes {
  const listeners = new Map<OutcomeName, Set<OutcomeListener>>()
  let subscribing: Promise<() => Promise<void>> | undefined

  const hear = (text: string): void => {
    for (const announcement of unpackAnnouncements(text)) {
      const { state } = announcement
      call(listeners.get(state), announcement)
      if (state !== 'deferred') call(listeners.get('settled'), announcement)
    }
  }
  const subscribe = async (): Promise<() => Promise<void>> => {
    const store = await open()
    return store.subscribe(ANNOUNCEMENTS, hear)
  }
  const ready = async (): Promise<void> => {
    if (listeners.size === 0) return
    subscribing ??= subscribe()
    try {
      await subscribing
    } catch (error) {
      subscribing = undefined
      throw error
    }
  }

  return {
    on: (name, listener) => {
      const some = listeners.get(name) ?? new Set()
      listeners.set(name, some.add(listener))
      // A store that is away now is told of by the next call, which waits for the subscription too.
      ready().catch(() => {})
      return () => void some.delete(listener)
    },
    ready,
    close: async () => {
      listeners.clear()
      const unsubscribe = await subscribing?.catch(() => undefined)
      await unsubscribe?.()
    },
  }
}

function call(listeners: ReadonlySet<OutcomeListener> | undefined, outcome: Announcement): void {
  for (const listener of listeners ?? []) {
    try {
      listener(outcome)
    } catch {
      // A listener's fault is its owner's: the others still hear.
    }
  }
}
