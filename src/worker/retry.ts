/** When a deferred message is tried again, and when no more. Spans are milliseconds. */
export interface RetryPolicy {
  /** Before the second attempt; 30,000 by default (within a minute). */
  readonly firstDelayMs: number
  /** The longest wait between two attempts; 4 hours by default. */
  readonly maxDelayMs: number
  /** How long a message is tried, from the first moment it could be sent; 5 days by default (RFC 5321 §4.5.4.1). */
  readonly giveUpAfterMs: number
  /** How many workers may die on a message in a row before it is set aside; 5 by default. */
  readonly maxClaims: number
  /**
   * How many attempts in a row may break the session before the message is set aside; 10 by default,
   * which takes four hours at least.
   */
  readonly maxBreaks: number
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  firstDelayMs: 30_000,
  maxDelayMs: 4 * 3_600_000,
  giveUpAfterMs: 5 * 86_400_000,
  maxClaims: 5,
  maxBreaks: 10,
}

/**
 * The delay before the next attempt: doubles with every attempt, within a quarter of jitter.
 *
 * `attempts` counts the one that just ended; `minDelayMs` is what the verdict asks for
 * (greylisting: 5 minutes); `random` is in 0..1.
 */
export function retryDelayMs(
  attempts: number,
  minDelayMs: number,
  policy: RetryPolicy,
  random: () => number,
): number {
  const doubled = policy.firstDelayMs * 2 ** Math.min(Math.max(attempts - 1, 0), 30)
  const jittered = Math.min(doubled, policy.maxDelayMs) * (0.75 + random() * 0.5)
  return Math.round(Math.max(jittered, minDelayMs))
}
