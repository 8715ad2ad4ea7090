import type { Rows } from './pool-checkout.ts'

/**
 * The answer to what BullMQ asks only to know when to look for jobs, for when it is lost with its connection;
 * undefined for every other statement.
 *
 * BullMQ takes a question that fails for one that was answered with "nothing waits", and then looks again
 * after a minute or an hour. So it is told to look at once; that is asked until it is answered.
 */
export function lookaheadInstead<R>(statement: string): Rows<R> | undefined {
  const [, row] = INSTEAD.find(([asks]) => asks.test(statement)) ?? []
  // Its columns are those that the statement selects.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return row && { rows: row as R[], rowCount: row.length }
}

const INSTEAD: readonly (readonly [asks: RegExp, rows: readonly object[]])[] = [
  // It comes after what is committed already, and failing would have that repeated.
  [/\bnext_signal\(/, []],
  // Due since 1970.
  [/\bnext_delay\(/, [{ next_delay: 1 }]],
  [/WHERE queue = \$1 AND state = 'waiting'\s*\)/, [{ present: true }]],
]
