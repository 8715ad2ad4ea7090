import type { Store } from '../store/store.ts'

/** The store's clock as this process knows it: its own clock and the difference last measured. */
export interface StoreClock {
  /** Milliseconds since 1970 by the store's clock. */
  now(): number
  /** How far this process' clock is ahead of the store's; negative when behind. */
  readonly aheadMs: number
  /** Calls `hear` after every further measurement; there is one listener. */
  onMeasured(hear: () => void): void
  close(): void
}

const MEASURE_EVERY_MS = 30_000
const QUICK_MS = 200
const TRIES = 5

/**
 * Measures the store's clock now and every 30 seconds.
 *
 * The error is at most half a round trip to the store.
 */
export async function openStoreClock(
  store: Store,
  onFault: (error: unknown) => void,
): Promise<StoreClock> {
  let aheadMs = await measure(store)
  let listener: (() => void) | undefined
  const again = async (): Promise<void> => {
    aheadMs = await measure(store)
    listener?.()
  }
  const timer = setInterval(() => {
    again().catch(onFault)
  }, MEASURE_EVERY_MS)
  timer.unref()
  return {
    now: () => Date.now() - aheadMs,
    get aheadMs() {
      return aheadMs
    },
    onMeasured: (hear) => {
      listener = hear
    },
    close: () => clearInterval(timer),
  }
}

/** A slow answer says little: the quickest of a few counts. */
async function measure(store: Store): Promise<number> {
  let best = { roundTripMs: Infinity, aheadMs: 0 }
  for (let tries = 0; tries < TRIES && best.roundTripMs > QUICK_MS; tries += 1) {
    const startedAt = performance.now()
    const before = Date.now()
    const storeMs = await store.nowMs()
    const roundTripMs = performance.now() - startedAt
    if (roundTripMs < best.roundTripMs) {
      best = { roundTripMs, aheadMs: before + roundTripMs / 2 - storeMs }
    }
  }
  return best.aheadMs
}
