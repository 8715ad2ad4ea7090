import type { Store } from '../store/store.ts'
import { changeRecords, openBudgetRecords, type TurnInput } from './budget-records.ts'
import { decodeRates, encodeRates, NOTHING_SENT, remembered, type RateBook } from './rate-book.ts'

/** The rate books of a store as this process knows them. */
export interface RateBooks {
  of(manager: string): RateBook
  /** Changes the books of `managers` in the store; rejects when it cannot be asked. */
  change(managers: readonly string[], turn: Turn): Promise<void>
  /** Takes over what the store has. */
  read(managers: readonly string[]): Promise<void>
}

/** What becomes of a book, by the store's clock; asked again when somebody else was faster. */
export type Turn = (book: RateBook, nowMs: number, manager: string) => RateBook

interface Known {
  readonly version: number
  readonly book: RateBook
}

/** Opens the books of a store, which stays its owner's. */
export function openRateBooks(store: Store): RateBooks {
  const records = openBudgetRecords(store, 'rates')
  const known = new Map<string, Known>()

  /** A store that lost its last moments may not give them out again. */
  const bookIn = ({ manager, text, version }: TurnInput): RateBook => {
    const book = decodeRates(text)
    const before = known.get(manager)
    return before !== undefined && before.version > version ? remembered(book, before.book) : book
  }
  return {
    of: (manager) => known.get(manager)?.book ?? NOTHING_SENT,
    change: async (managers, turn) => {
      const fresh = new Map<string, Known>()
      await changeRecords(records, managers, (input) => {
        const book = turn(bookIn(input), input.nowMs, input.manager)
        fresh.set(input.manager, { version: input.version + 1, book })
        return encodeRates(book)
      })
      for (const [manager, one] of fresh) known.set(manager, one)
    },
    read: async (managers) => {
      const found = await records.read(managers)
      for (const manager of managers) {
        const { version, text } = found.records.get(manager) ?? { version: 0, text: undefined }
        if (version < (known.get(manager)?.version ?? 0)) continue
        known.set(manager, { version, book: decodeRates(text) })
      }
    },
  }
}
