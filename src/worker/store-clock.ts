import type { Store } from '../store/store.ts'

/** The store's clock as this process knows it: its own clock and the difference last measured. */
export interface StoreClock {
  /** Milliseconds since 1970 by the store's clock. */
  now(): number
  /** How far this process' clock is ahead of the store's; negative when behind. */
  readonly aheadMs: number
  close(): void
}

const MEASURE_EVERY_MS = 30_000

/**
 * Measures the store's clock now and every 30 seconds.
 *
 * The error is at most half a round trip to the store. `onMeasured` hears each difference.
 */
export async function openStoreClock(
  store: Store,
  onMeasured: (aheadMs: number) => void,
  onFault: (error: unknown) => void,
): Promise<StoreClock> {
  let aheadMs = await measure(store)
  onMeasured(aheadMs)
  const timer = setInterval(() => {
    measure(store)
      .then((measured) => {
        aheadMs = measured
        onMeasured(measured)
      })
      .catch(onFault)
  }, MEASURE_EVERY_MS)
  timer.unref()
  return {
    now: () => Date.now() - aheadMs,
    get aheadMs() {
      return aheadMs
    },
    close: () => clearInterval(timer),
  }
}

async function measure(store: Store): Promise<number> {
  const before = Date.now()
  const storeMs = await store.nowMs()
  return (before + Date.now()) / 2 - storeMs
}
