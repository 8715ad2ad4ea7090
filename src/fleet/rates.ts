import type { Store } from '../store/store.ts'
import {
  changeRecords,
  openBudgetRecords,
  type BudgetRecords,
  type TurnInput,
} from './budget-records.ts'
import { lower, loweredEveryMs, type Lowered } from './lowered-rate.ts'
import {
  decodeRates,
  encodeRates,
  NOTHING_SENT,
  takeSlots,
  type RateBook,
  type RateLimit,
} from './rate-book.ts'
import { createSlotLine, type Reserved, type Slot } from './slot-line.ts'
import type { Span } from './spans.ts'

/** The pace at which one manager may be given messages, by everybody together. */
export interface Pace {
  /** What the server asked for, as far as it still counts: one message in so many milliseconds. */
  readonly loweredEveryMs: number | undefined
  /** When there was nothing to be had, by the store's clock: messages do not age by it. */
  readonly waits: readonly Span[]
  /** Whether a message has to wait for its turn at all. */
  isFree(limits: readonly RateLimit[]): boolean
  /** How far away the slot of a message with so many recipients is, as far as is known here. */
  forMs(limits: readonly RateLimit[], recipients: number): number
  /**
   * Takes what a message with so many recipients uses. What is to be had within five seconds is
   * waited for. Rejects when the store cannot be asked.
   */
  take(limits: readonly RateLimit[], recipients: number, signal: AbortSignal): Promise<Slot>
  /**
   * Halves the rate for a while, because the server asked for it at `askedAt`, by the store's clock.
   * `measuredEveryMs` is how fast the whole fleet has been. Undefined when somebody else did so.
   */
  slowDown(
    askedAt: number,
    limits: readonly RateLimit[],
    measuredEveryMs: number | undefined,
  ): Promise<Lowered | undefined>
  close(): void
}

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

/** The store's channel that tells of a rate that was lowered; the text is the manager's name. */
export const RATES = 'rates'

const SPARE_WITHIN_MS = 100

/** Opens the rates of a store, which stays its owner's. */
export async function openRates(
  store: Store,
  { now, everyMs = 5_000, onFault }: RatesOptions,
): Promise<Rates> {
  const records = openBudgetRecords(store, 'rates')
  const known = new Map<string, RateBook>()
  const listeners = new Map<string, Set<() => void>>()
  let last: Promise<void> = Promise.resolve()
  let isClosed = false

  const change: Change = async (manager, turn) => {
    const { book, answer } = await changeBook(records, manager, turn)
    known.set(manager, book)
    return answer
  }
  const read = async (managers: readonly string[]): Promise<void> => {
    if (isClosed || managers.length === 0) return
    const found = await records.read(managers)
    for (const manager of managers) {
      known.set(manager, decodeRates(found.records.get(manager)?.text))
      for (const listener of listeners.get(manager) ?? []) listener()
    }
  }

  // One reading at a time: an older one must not come last.
  const refresh = (managers: readonly string[]): void => {
    last = last.then(() => read(managers)).catch(onFault)
  }

  const unsubscribe = await store.subscribe(RATES, (manager) => {
    if (listeners.has(manager)) refresh([manager])
  })
  const timer = setInterval(() => refresh([...listeners.keys()]), everyMs).unref()
  return {
    open: (manager, onChange) => {
      const hear = (): void => onChange()
      const heard = listeners.get(manager) ?? new Set()
      listeners.set(manager, heard.add(hear))
      refresh([manager])
      const close = (): void => {
        heard.delete(hear)
        if (heard.size === 0) listeners.delete(manager)
      }
      const book = (): RateBook => known.get(manager) ?? NOTHING_SENT
      const tell = (): Promise<void> => store.publish(RATES, manager)
      return createPace({ book, now, change: (turn) => change(manager, turn), tell, close })
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      clearInterval(timer)
      listeners.clear()
      await unsubscribe()
      await last
    },
  }
}

/** What a turn makes of a record, and what it says to whoever took it. */
type Turn<T> = (book: RateBook, input: TurnInput) => { readonly book: RateBook; readonly answer: T }

type Change = <T>(manager: string, turn: Turn<T>) => Promise<T>

async function changeBook<T>(
  records: BudgetRecords,
  manager: string,
  turn: Turn<T>,
): Promise<ReturnType<Turn<T>>> {
  let result: ReturnType<Turn<T>> | undefined
  await changeRecords(records, [manager], (input) => {
    result = turn(decodeRates(input.text), input)
    return encodeRates(result.book)
  })
  if (result === undefined) throw new TypeError('expected a turn')
  return result
}

interface PaceParts extends Pick<Pace, 'close'> {
  readonly book: () => RateBook
  readonly now: () => number
  readonly change: <T>(turn: Turn<T>) => Promise<T>
  readonly tell: () => Promise<void>
}

function createPace({ book, now, change, tell, close }: PaceParts): Pace {
  let limits: readonly RateLimit[] = []
  const lowered = (): number | undefined => loweredEveryMs(book().lowered, now())
  const line = createSlotLine(
    (recipients, spare) => change((before, { nowMs }) => reserve(before, recipients, spare, nowMs)),
    (recipients) =>
      limits.every(({ of, recipientsEach = Infinity }) => {
        return of === 'messages' && recipients <= recipientsEach
      }),
  )

  function reserve(before: RateBook, recipients: readonly number[], spare: number, nowMs: number) {
    const asked = takeSlots(before, limits, recipients, nowMs)
    const { at, nextAt } = asked.slots
    if (nextAt !== undefined || spare === 0) return given(asked.book, at, nextAt, nowMs)
    const wishes = Array.from({ length: spare }, () => 1)
    const more = takeSlots(asked.book, limits, wishes, nowMs, SPARE_WITHIN_MS)
    const after = { ...more.book, waits: asked.book.waits }
    return given(after, [...at, ...more.slots.at], undefined, nowMs)
  }

  return {
    get loweredEveryMs() {
      return lowered()
    },
    get waits() {
      return book().waits
    },
    isFree: (wanted) => wanted.length === 0 && lowered() === undefined,
    forMs: (wanted, recipients) => {
      const at = now()
      const [slot = at] = takeSlots(book(), wanted, [recipients], at, Infinity).slots.at
      return slot - at
    },
    take: (wanted, recipients, signal) => {
      limits = wanted
      return line.wait(recipients, signal)
    },
    slowDown: async (askedAt, wanted, measuredEveryMs) => {
      const messages = wanted.filter(({ of }) => of === 'messages')
      const configured = messages.length === 0 ? undefined : slowestOf(messages)
      const fresh = await change((before, { nowMs }) => {
        const after = lower(before.lowered, askedAt, configured, measuredEveryMs, nowMs)
        const answer = after === before.lowered ? undefined : after
        return { book: { ...before, lowered: after }, answer }
      })
      if (fresh !== undefined) await tell()
      return fresh
    },
    close,
  }
}

function given(
  book: RateBook,
  at: readonly number[],
  nextAt: number | undefined,
  nowMs: number,
): { readonly book: RateBook; readonly answer: Reserved } {
  return { book, answer: { at, nextAt, nowMs } }
}

function slowestOf(limits: readonly RateLimit[]): number {
  return Math.max(...limits.map(({ everyMs }) => everyMs))
}
