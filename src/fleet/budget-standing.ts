import type { Store } from '../store/store.ts'
import { openBudgetRecords } from './budget-records.ts'
import { decodeBook } from './lease-book.ts'
import { perMinute } from './lowered-rate.ts'
import { decodeRates, everyMsInForce } from './rate-book.ts'

/** How much of the budgets of one manager is used, and by whom. */
export interface BudgetStanding {
  /** Those who hold sessions, by worker. */
  readonly leases: readonly { readonly worker: string; readonly sessions: number }[]
  /** What all workers together may send now; undefined without a limit, or when nobody sends. */
  readonly perMinute: number | undefined
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
      const everyMs = everyMsInForce(decodeRates(rates.get(manager)?.text), now)
      return [
        manager,
        { leases: held, perMinute: everyMs === undefined ? undefined : perMinute(everyMs) },
      ]
    }),
  )
}
