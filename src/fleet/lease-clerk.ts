import type { Store } from '../store/store.ts'
import { changeRecords, type BudgetRecords, type TurnInput } from './budget-records.ts'
import { decodeBook, encodeBook, takeTurn, withoutWorker } from './lease-book.ts'
import type { ManagerLease } from './manager-lease.ts'

/** Asks the store for one worker's leases, for all that are due at once and one time after the other. */
export interface LeaseClerk {
  /** Has a manager's turn come soon, and those of others with it. */
  askSoon(manager: string, delayMs: number): void
  /** Has the turns of these managers come now, unless the store is just being asked. */
  askNow(managers: readonly string[]): void
  /** Takes the turns of all managers of which something was ever asked, and no more afterwards. */
  close(): Promise<void>
}

export interface ClerkOptions {
  readonly store: Store
  readonly records: BudgetRecords
  readonly worker: string
  /** How long a lease lasts. */
  readonly forMs: number
  /** The leases of now; one that is not there, or not used any more, is given back. */
  readonly managers: Map<string, ManagerLease>
  readonly using: (manager: string) => number
  readonly onFault: (error: unknown) => void
}

/** The store's channel that tells of sessions that are needed or free: a worker and a manager. */
export const LEASES = 'leases'

interface State extends ClerkOptions {
  readonly due: Set<string>
  /** Managers whose last lease was given back by the turn that is being taken. */
  readonly left: Set<string>
  readonly toldAt: Map<string, number>
  timer: NodeJS.Timeout | undefined
  asking: Promise<void> | undefined
  isClosed: boolean
}

export function createLeaseClerk(options: ClerkOptions): LeaseClerk {
  const state: State = {
    ...options,
    due: new Set(),
    left: new Set(),
    toldAt: new Map(),
    timer: undefined,
    asking: undefined,
    isClosed: false,
  }
  return {
    askSoon: (manager, delayMs) => {
      state.due.add(manager)
      askAfter(state, delayMs)
    },
    askNow: (managers) => {
      for (const manager of managers) state.due.add(manager)
      void askNow(state)
    },
    close: async () => {
      state.isClosed = true
      clearTimeout(state.timer)
      await state.asking
      await askAll(state)
    },
  }
}

function askAfter(state: State, delayMs: number): void {
  if (state.isClosed) return
  state.timer ??= setTimeout(() => void askNow(state), delayMs)
}

// One turn at a time: an older answer must not come last.
async function askNow(state: State): Promise<void> {
  clearTimeout(state.timer)
  state.timer = undefined
  if (state.isClosed || state.asking !== undefined || state.due.size === 0) return
  await (state.asking = askAll(state))
  state.asking = undefined
  if (state.due.size > 0) askAfter(state, 0)
}

async function askAll(state: State): Promise<void> {
  const names = [...state.due]
  state.due.clear()
  try {
    await changeRecords(state.records, names, (input) => turn(state, input))
    for (const name of names) settle(state, name)
  } catch (error) {
    state.onFault(error)
  }
}

function turn(state: State, { manager, text, nowMs, askedAt }: TurnInput): string {
  const { managers, left, worker, forMs, using } = state
  const lease = managers.get(manager)
  const book = decodeBook(text)
  if (lease === undefined || lease.isUnused) {
    left.add(manager)
    return encodeBook(withoutWorker(book, worker))
  }
  left.delete(manager)
  const askedAtWall = Date.now() - (performance.now() - askedAt)
  const taken = takeTurn(book, worker, lease.ask(using(manager)), nowMs, nowMs + forMs)
  lease.expect(taken.share, { steady: askedAt, wall: askedAtWall })
  return encodeBook(taken.book)
}

/** What was written down holds; who lacks something that we have now, or has what we lack, is told. */
function settle(state: State, manager: string): void {
  const { managers, left } = state
  const lease = managers.get(manager)
  if (left.delete(manager)) {
    if (lease?.isUnused === true) managers.delete(manager)
    publish(state, manager)
    return
  }
  if (lease === undefined) return
  const gaveBack = lease.confirm()
  if (gaveBack && lease.share?.othersAreShort === true) publish(state, manager)
  else if (lease.share?.isShort === true && isQuiet(state, manager)) publish(state, manager)
}

function publish({ toldAt, store, worker, onFault }: State, manager: string): void {
  toldAt.set(manager, performance.now())
  store.publish(LEASES, `${worker}\n${manager}`).catch(onFault)
}

function isQuiet({ toldAt, forMs }: State, manager: string): boolean {
  return performance.now() - (toldAt.get(manager) ?? -Infinity) >= forMs / 15
}
