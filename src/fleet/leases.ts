import type { Store } from '../store/store.ts'
import { openBudgetRecords } from './budget-records.ts'
import { createLeaseClerk, LEASES, type LeaseClerk } from './lease-clerk.ts'
import type { Leases, OpenSessions } from './lease.ts'
import { createManagerLease, type ManagerLease } from './manager-lease.ts'

export interface LeasesOptions {
  /** Who holds what is leased. */
  readonly worker: string
  readonly open: OpenSessions
  /** How long a lease outlives a worker that died; 15,000 by default. */
  readonly forMs?: number
  /** Hears of a store that could not be asked. */
  readonly onFault: (error: unknown) => void
}

const DEFAULT_MS = 15_000
/** Those who are told at once need not ask at once. */
const MOST_DELAY_MS = 30
const LAST_WORD_MS = 2_000

/**
 * Opens the leases of a worker, which it shares with all others through the store. One record per
 * manager tells who holds what, until when by the store's clock; two round trips every few seconds
 * prolong all of them.
 *
 * A worker that could not prolong a lease uses it no more after 60 % of its time, and what runs then
 * is cut off after 80 %. Disposing gives everything back.
 */
export async function openLeases(
  store: Store,
  { worker, open, forMs = DEFAULT_MS, onFault }: LeasesOptions,
): Promise<Leases> {
  const records = openBudgetRecords(store, 'leases')
  const managers = new Map<string, ManagerLease>()
  const using = (manager: string): number => open.count(manager)
  const clerk = createLeaseClerk({ store, records, worker, forMs, managers, using, onFault })
  const unsubscribe = await store.subscribe(LEASES, (text) => {
    const [from, manager = ''] = text.split('\n')
    if (from === worker || !managers.has(manager)) return
    clerk.askSoon(manager, Math.random() * MOST_DELAY_MS)
  })
  const ticking = setInterval(() => tick(managers, clerk, forMs), forMs / 15).unref()

  const make = (manager: string): ManagerLease => {
    const lease = createManagerLease({
      lapsesAfterMs: forMs * 0.6,
      lostAfterMs: forMs * 0.8,
      onNeed: () => clerk.askSoon(manager, 0),
      onAllowed: () => open.onAllowed(manager),
    })
    managers.set(manager, lease)
    return lease
  }
  return {
    lease: (manager, max, holder) => (managers.get(manager) ?? make(manager)).open(max, holder),
    allowed: (manager) => managers.get(manager)?.allowed ?? 0,
    part: (manager) => {
      const { sessions, held } = managers.get(manager)?.share ?? { sessions: 0, held: 0 }
      return held === 0 ? 1 : sessions / held
    },
    freed: (manager) => {
      if (managers.get(manager)?.isOver === true) clerk.askSoon(manager, 0)
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(ticking)
      await unsubscribe()
      for (const manager of managers.keys()) clerk.askSoon(manager, 0)
      managers.clear()
      // What is not given back ends by itself.
      await atMost(LAST_WORD_MS, clerk.close())
    },
  }
}

/** Prolongs what is to be prolonged, and asks again for what was not to be had. */
function tick(managers: ReadonlyMap<string, ManagerLease>, clerk: LeaseClerk, forMs: number): void {
  const due = [...managers].filter(([, lease]) => {
    lease.notice()
    const isNews = lease.review()
    return isNews || lease.ageMs > forMs / 5 || lease.share?.isShort === true
  })
  clerk.askNow(due.map(([manager]) => manager))
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, over])
  clearTimeout(timer)
}
