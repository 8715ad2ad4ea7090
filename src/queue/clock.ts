/**
 * How far the clock of a process may be from the store's, in milliseconds: a quarter of the lock. One
 * that is further ahead takes the jobs of live workers for abandoned ones.
 */
export function maxSkewMs(lockMs: number): number {
  return lockMs / 4
}
