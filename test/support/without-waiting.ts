import { expect } from 'vitest'

/** Waiting for a store to come up takes at least three seconds. */
const LESS_THAN_A_WAIT_MS = 2_500

/**
 * Expects that `work` waits for nothing. What waits does so each time; a machine that others use too is not
 * as slow as that each time.
 */
export async function expectNoWait(work: () => Promise<void>): Promise<void> {
  const tookMs = async (): Promise<number> => {
    const before = performance.now()
    await work()
    return performance.now() - before
  }
  await expect.poll(tookMs).toBeLessThan(LESS_THAN_A_WAIT_MS)
}
