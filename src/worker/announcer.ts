import { ANNOUNCEMENTS, packAnnouncements, type Announcement } from '../ledger/announcements.ts'
import type { Store } from '../store/store.ts'

/** Tells the fleet how messages ended, many in one go. */
export interface Announcer {
  announce(announcement: Announcement): void
  /** Sends what is waiting; nothing is announced afterwards. */
  close(): Promise<void>
}

const LINGER_MS = 10

/** Announces through `store`; a failure is told to `onFault` and loses only announcements. */
export function createAnnouncer(store: Store, onFault: (error: unknown) => void): Announcer {
  let waiting: Announcement[] = []
  let timer: NodeJS.Timeout | undefined
  let last: Promise<void> = Promise.resolve()

  const send = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    const texts = packAnnouncements(waiting)
    waiting = []
    try {
      for (const text of texts) await store.publish(ANNOUNCEMENTS, text)
    } catch (error) {
      onFault(error)
    }
  }

  const flush = (): Promise<void> => (last = last.then(send))

  return {
    announce: (announcement) => {
      waiting.push(announcement)
      timer ??= setTimeout(() => void flush(), LINGER_MS)
    },
    close: flush,
  }
}
