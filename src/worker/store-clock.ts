import type { Store } from '../store/store.ts'

/** The store's clock as this process knows it: what it last said, and the time that went by since. */
export interface StoreClock {
  /** Milliseconds since 1970 by the store's clock; a step of this process' clock changes nothing. */
  now(): number
  /** How far this process' clock is ahead of the store's; negative when behind. */
  readonly aheadMs: number
  /** Calls `hear` after every further measurement; there is one listener. */
  onMeasured(hear: () => void): void
  close(): void
}

/** What the store said at a moment of `performance`. */
interface Reading {
  readonly storeMs: number
  readonly at: number
}

const MEASURE_EVERY_MS = 30_000
const LOOK_EVERY_MS = 1_000
/** A clock that has moved by more than this against the time that went by was set. */
const STEP_MS = 250
const QUICK_MS = 200
const TRIES = 5

/**
 * Measures the store's clock now, every 30 seconds, and within a second when the clock of this
 * machine was set, or the machine was suspended.
 *
 * The error is at most half a round trip to the store.
 */
export async function openStoreClock(
  store: Store,
  onFault: (error: unknown) => void,
): Promise<StoreClock> {
  let reading = await measure(store)
  let listener: (() => void) | undefined
  const now = (): number => reading.storeMs + performance.now() - reading.at
  const aheadMs = (): number => Date.now() - now()
  let aheadWhenMeasured = aheadMs()
  const again = async (): Promise<void> => {
    reading = await measure(store)
    aheadWhenMeasured = aheadMs()
    listener?.()
  }
  const lookForStep = async (): Promise<void> => {
    if (Math.abs(aheadMs() - aheadWhenMeasured) > STEP_MS) await again()
  }
  const measuring = setInterval(() => void again().catch(onFault), MEASURE_EVERY_MS).unref()
  const looking = setInterval(() => void lookForStep().catch(onFault), LOOK_EVERY_MS).unref()
  return {
    now,
    get aheadMs() {
      return aheadMs()
    },
    onMeasured: (hear) => {
      listener = hear
    },
    close: () => {
      clearInterval(measuring)
      clearInterval(looking)
    },
  }
}

/** A slow answer says little: the quickest of a few counts. */
async function measure(store: Store): Promise<Reading> {
  let best = { roundTripMs: Infinity, storeMs: 0, at: 0 }
  for (let tries = 0; tries < TRIES && best.roundTripMs > QUICK_MS; tries += 1) {
    const askedAt = performance.now()
    const storeMs = await store.nowMs()
    const roundTripMs = performance.now() - askedAt
    if (roundTripMs < best.roundTripMs)
      best = { roundTripMs, storeMs, at: askedAt + roundTripMs / 2 }
  }
  return best
}
