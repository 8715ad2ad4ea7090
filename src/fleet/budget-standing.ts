import type { Store } from '../store/store.ts'
import { openBudgetRecords } from './budget-records.ts'
import { decodeBook } from './lease-book.ts'
import { loweredEveryMs, perMinute } from './lowered-rate.ts'
import { decodeRates, everyMsInForce, type RateBook } from './rate-book.ts'

/** How much of the budgets of one manager is used, and by whom. */
export interface BudgetStanding {
  /** Those who hold sessions, by worker. */
  readonly leases: readonly { readonly worker: string; readonly sessions: number }[]
  /** What all workers together may send now; undefined without a limit, or when nobody sends. */
  readonly perMinute: number | undefined
  /** To what the server had them slow down, as far as that still counts, and when it first asked. */
  readonly lowered?: { readonly perMinute: number; readonly since: Date }
}

/** Reads the budgets of all managers as they stand at `now`, by the store's clock. */
export async function readBudgets(
  store: Store,
  now: number,
): Promise<ReadonlyMap<string, BudgetStanding>> {
  const [leases, rates] = await Promise.all([
    openBudgetRecords(store, 'leases').all(),
    openBudgetRecords(store, 'rates').all(),
  ])
  const managers = new Set([...leases.keys(), ...rates.keys()])
  return new Map(
    [...managers].map((manager) => {
      const held = Object.entries(decodeBook(leases.get(manager)?.text))
        .filter(([, { until, sessions }]) => until > now && sessions > 0)
        .map(([worker, { sessions }]) => ({ worker, sessions }))
      const book = decodeRates(rates.get(manager)?.text)
      const everyMs = everyMsInForce(book, now)
      return [
        manager,
        {
          leases: held,
          perMinute: everyMs === undefined ? undefined : perMinute(everyMs),
          ...loweredIn(book, now),
        },
      ]
    }),
  )
}

function loweredIn({ lowered }: RateBook, now: number): Pick<BudgetStanding, 'lowered'> {
  const everyMs = loweredEveryMs(lowered, now)
  if (lowered === undefined || everyMs === undefined) return {}
  return { lowered: { perMinute: perMinute(everyMs), since: new Date(lowered.since) } }
}
