import { expect, test } from 'vitest'

import { DEFAULT_RETRY_POLICY, retryDelayMs } from '../../src/worker/retry.ts'

const SECOND = 1_000
const HOUR = 3_600_000

test('the schedule starts within a minute, doubles, and never exceeds hours', () => {
  const delays = Array.from({ length: 14 }, (_, attempt) =>
    retryDelayMs(attempt + 1, 0, DEFAULT_RETRY_POLICY, () => 0.5),
  )
  expect(delays.slice(0, 5)).toEqual([30, 60, 120, 240, 480].map((s) => s * SECOND))
  expect(Math.max(...delays)).toBe(4 * HOUR)
})

test('jitter stays within a quarter', () => {
  expect(retryDelayMs(1, 0, DEFAULT_RETRY_POLICY, () => 0)).toBe(22_500)
  expect(retryDelayMs(1, 0, DEFAULT_RETRY_POLICY, () => 1)).toBe(37_500)
})

test('a verdict that asks for more time gets it', () => {
  expect(retryDelayMs(1, 300_000, DEFAULT_RETRY_POLICY, () => 0.5)).toBe(300_000)
  expect(retryDelayMs(12, 300_000, DEFAULT_RETRY_POLICY, () => 0.5)).toBeGreaterThan(300_000)
})

test('ten thousand attempts do not overflow', () => {
  expect(retryDelayMs(10_000, 0, DEFAULT_RETRY_POLICY, () => 0.5)).toBe(4 * HOUR)
})
