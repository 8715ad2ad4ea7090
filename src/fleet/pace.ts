import { lower, loweredEveryMs, type Lowered } from './lowered-rate.ts'
import { freeLateMs, takeSlots, withTerms, type RateBook } from './rate-book.ts'
import type { Turn } from './rate-books.ts'
import { termsInForce, type RateLimit } from './rate-terms.ts'
import { createSlotLine, LATE_MS, type Reserve, type Reserved, type Slot } from './slot-line.ts'
import type { Span } from './spans.ts'

/** The pace at which one manager may be given messages, by everybody together. */
export interface Pace {
  /** What the server asked for, as far as it still counts: one message in so many milliseconds. */
  readonly loweredEveryMs: number | undefined
  /** When there was nothing to be had, by the store's clock: messages do not age by them. */
  readonly waits: readonly Span[]
  /** Tells the fleet what limits this process has from now on; the strictest of all count. */
  say(limits: readonly RateLimit[]): void
  /** Whether a message has to wait for its turn at all. */
  isFree(): boolean
  /** How far away the slot of a message with so many recipients is, as far as is known here. */
  forMs(recipients: number): number
  /**
   * Takes what a message with so many recipients uses. What is to be had within five seconds is
   * waited for. Rejects when the store cannot be asked.
   */
  take(recipients: number, signal: AbortSignal): Promise<Slot>
  /**
   * Halves the rate for a while, because the server asked for it at `askedAt`, by the store's clock.
   * `measuredEveryMs` is how fast the whole fleet has been. Undefined when somebody else did so.
   */
  slowDown(askedAt: number, measuredEveryMs: number | undefined): Promise<Lowered | undefined>
  close(): void
}

export interface PaceParts extends Pick<Pace, 'say' | 'close'> {
  /** Names this process to the fleet. */
  readonly self: string
  /** What `say` was told last. */
  readonly limits: () => readonly RateLimit[]
  readonly book: () => RateBook
  /** The store's clock as this process knows it. */
  readonly now: () => number
  readonly change: (turn: Turn) => Promise<void>
  /** Tells the fleet that the book has changed. */
  readonly tell: () => Promise<void>
}

const SPARE_WITHIN_MS = 100

/** Makes the pace of one manager. */
export function createPace({ self, limits, book, now, change, tell, ...parts }: PaceParts): Pace {
  const lowered = (): number | undefined => loweredEveryMs(book().lowered, now())
  /** The book as it is with our terms, also when the store has not heard them yet. */
  const ours = (before: RateBook, at: number): RateBook => withTerms(before, self, limits(), at)
  const inForce = (): readonly RateLimit[] => {
    return [...termsInForce(ours(book(), now()).said, now()).values()]
  }
  const takesSpare = (recipients: number): boolean =>
    inForce().every(({ of, recipientsEach = Infinity }) => {
      return of === 'messages' && recipients <= recipientsEach
    })

  const reserve: Reserve = async (recipients, spare, leadMs) => {
    let answer: Reserved | undefined
    await change((before, nowMs) => {
      const taken = takeTurns(ours(before, nowMs), recipients, spare, nowMs, leadMs)
      answer = taken.answer
      return taken.book
    })
    if (answer === undefined) throw new TypeError('expected an answer')
    return answer
  }
  const line = createSlotLine(reserve, takesSpare)

  return {
    ...parts,
    get loweredEveryMs() {
      return lowered()
    },
    get waits() {
      return book().waits
    },
    isFree: () => inForce().length === 0 && lowered() === undefined,
    forMs: (recipients) => {
      const at = now()
      const wish = { recipients: [recipients], now: at, mostWaitMs: Infinity }
      const [slot = at] = takeSlots(ours(book(), at), wish).slots.at
      return slot - at
    },
    take: (recipients, signal) => line.wait(recipients, signal),
    slowDown: async (askedAt, measuredEveryMs) => {
      const messages = limits().filter(({ of }) => of === 'messages')
      const configured = messages.length === 0 ? undefined : slowestOf(messages)
      let fresh: Lowered | undefined
      await change((before, nowMs) => {
        const after = lower(before.lowered, askedAt, configured, measuredEveryMs, nowMs)
        fresh = after === before.lowered ? undefined : after
        return { ...before, lowered: after }
      })
      if (fresh !== undefined) await tell()
      return fresh
    },
  }
}

/** Takes turns for messages with so many recipients, and for `spare` more that are near. */
function takeTurns(
  before: RateBook,
  recipients: readonly number[],
  spare: number,
  nowMs: number,
  leadMs: number,
): { readonly book: RateBook; readonly answer: Reserved } {
  const now = nowMs + leadMs
  const asked = takeSlots(before, { recipients, now })
  const lateMs = freeLateMs(asked.book, now, LATE_MS)
  const answer = { ...asked.slots, spareAt: [], lateMs, nowMs, saidAt: performance.now() }
  if (asked.slots.nextAt !== undefined || spare === 0) return { book: asked.book, answer }
  const wishes = Array.from({ length: spare }, () => 1)
  const wish = { recipients: wishes, now, mostWaitMs: SPARE_WITHIN_MS, lateMs }
  const more = takeSlots(asked.book, wish)
  return {
    book: { ...more.book, waits: asked.book.waits },
    answer: { ...answer, spareAt: more.slots.at },
  }
}

function slowestOf(limits: readonly RateLimit[]): number {
  return Math.max(...limits.map(({ everyMs }) => everyMs))
}
