import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'

import type { Store } from '../store/store.ts'
import { createPace, type Pace } from './pace.ts'
import { withTerms } from './rate-book.ts'
import { openRateBooks, type RateBooks } from './rate-books.ts'
import { TERMS_MS, type RateLimit } from './rate-terms.ts'

/** The rates of all managers, shared by everybody on the store. */
export interface Rates extends AsyncDisposable {
  /** Follows the pace of a manager; `onChange` is told when something may be otherwise than before. */
  open(manager: string, onChange: () => void): Pace
}

export interface RatesOptions {
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
  /** How often the store is asked whether a notice was lost; 5,000 by default. */
  readonly everyMs?: number
  readonly onFault: (error: unknown) => void
}

/** The store's channel that tells of terms and rates that have changed; the text is the manager's name. */
export const RATES = 'rates'

const LAST_WORDS_MS = 2_000
const NOBODY: Followed = { listeners: new Set(), limits: [] }

/**
 * Opens the rates of a store, which stays its owner's. Disposing takes back what this process said
 * its limits are.
 */
export async function openRates(
  store: Store,
  { now, everyMs = 5_000, onFault }: RatesOptions,
): Promise<Rates> {
  const state: State = {
    store,
    now,
    onFault,
    self: randomUUID().slice(0, 13),
    books: openRateBooks(store),
    followed: new Map(),
    told: new Map(),
    last: Promise.resolve(),
    isClosed: false,
  }
  const { followed } = state
  const unsubscribe = await store.subscribe(RATES, (manager) => {
    if (followed.has(manager)) refresh(state, [manager])
  })
  const look = (): void => {
    refresh(state, [...followed.keys()])
    repeat(state)
  }
  const timer = setInterval(look, everyMs).unref()
  return {
    open: (manager, onChange) => open(state, manager, onChange),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      const managers = [...followed.keys()]
      followed.clear()
      for (const manager of managers) say(state, manager)
      state.isClosed = true
      await unsubscribe()
      // A store that is away must not hold up the end.
      await Promise.race([state.last, delay(LAST_WORDS_MS, undefined, { ref: false })])
    },
  }
}

/** What one manager is to this process. */
interface Followed {
  readonly listeners: Set<() => void>
  limits: readonly RateLimit[]
}

interface State extends Pick<RatesOptions, 'now' | 'onFault'> {
  readonly store: Store
  /** Names this process to the fleet. */
  readonly self: string
  readonly books: RateBooks
  readonly followed: Map<string, Followed>
  /** The limits of which the others have heard. */
  readonly told: Map<string, readonly RateLimit[]>
  last: Promise<void>
  isClosed: boolean
}

function open(state: State, manager: string, onChange: () => void): Pace {
  const { self, books, followed, store, now } = state
  const hear = (): void => onChange()
  const one = followed.get(manager) ?? { listeners: new Set(), limits: [] }
  followed.set(manager, one)
  one.listeners.add(hear)
  refresh(state, [manager])
  return createPace({
    self,
    limits: () => one.limits,
    book: () => books.of(manager),
    now,
    change: (turn) => books.change([manager], turn),
    tell: () => store.publish(RATES, manager),
    say: (limits) => {
      one.limits = limits
      say(state, manager)
    },
    close: () => {
      one.listeners.delete(hear)
      if (one.listeners.size > 0 || state.isClosed) return
      followed.delete(manager)
      say(state, manager)
    },
  })
}

/** One after the other: an older reading must not come last, nor older limits. */
function next(state: State, work: () => Promise<void>): void {
  state.last = state.last.then(work).catch((error: unknown) => {
    if (!state.isClosed) state.onFault(error)
  })
}

function refresh(state: State, managers: readonly string[]): void {
  const { books, followed } = state
  next(state, async () => {
    if (state.isClosed || managers.length === 0) return
    await books.read(managers)
    for (const manager of managers) {
      for (const listener of (followed.get(manager) ?? NOBODY).listeners) listener()
    }
  })
}

/** Tells the store and the fleet the limits of a manager when they have changed. */
function say(state: State, manager: string): void {
  const { store, told } = state
  next(state, async () => {
    const limits = limitsOf(state, manager)
    if (isDeepStrictEqual(told.get(manager) ?? [], limits)) return
    if (!isSaid(state, manager)) await sayNow(state, [manager])
    told.set(manager, limits)
    await store.publish(RATES, manager)
  })
}

/** Who sends nothing says now and then that its limits still count; what could not be said is. */
function repeat(state: State): void {
  const { self, books, followed, now } = state
  next(state, async () => {
    const old = now() - TERMS_MS / 3
    const isOld = (manager: string): boolean => (books.of(manager).said[self]?.at ?? now()) < old
    const due = [...followed.keys()].filter((one) => isOld(one) || !isSaid(state, one))
    if (due.length > 0) await sayNow(state, due)
  })
}

function sayNow(state: State, managers: readonly string[]): Promise<void> {
  return state.books.change(managers, (book, nowMs, manager) =>
    withTerms(book, state.self, limitsOf(state, manager), nowMs),
  )
}

function isSaid(state: State, manager: string): boolean {
  const said = state.books.of(manager).said[state.self]
  return isDeepStrictEqual(said?.limits ?? [], limitsOf(state, manager))
}

function limitsOf({ followed }: State, manager: string): readonly RateLimit[] {
  return (followed.get(manager) ?? NOBODY).limits
}
