import type { Store } from '../store/store.ts'
import { changeRecords, openBudgetRecords } from './budget-records.ts'

/** Gives each worker that takes turns a number of its own. */
export interface Starts {
  /** How many workers have begun to take turns for `name` before: 0, 1, 2, … */
  next(name: string): Promise<number>
}

/** Opens the counters of a store. */
export function openStarts(store: Store): Starts {
  const records = openBudgetRecords(store, 'starts')
  return {
    next: async (name) => {
      let start = 0
      await changeRecords(records, [name], ({ text = '0' }) => {
        const count = Number(text)
        start = Number.isSafeInteger(count) && count >= 0 ? count : 0
        return String(start + 1)
      })
      return start
    },
  }
}
