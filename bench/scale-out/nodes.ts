import type { Lap } from '../race/race.ts'
import { figure, type Figure } from '../report/report.ts'
import type { Spread } from './workers.ts'

/** What the nodes of a cluster had to do in one lap, and how the names lay on them. */
export interface NodeLap {
  readonly lap: Lap
  readonly spread: Spread
}

/**
 * What the ledger and the queue of a message cost the node on which each is. All nodes have queues, and
 * one has the ledger besides: what it takes more than its part of the names is the ledger's.
 */
export function nodeFigures(of: string, laps: readonly NodeLap[]): readonly Figure[] {
  const costs = laps.map(({ lap: { nodeCpuMs = [] }, spread: { parts } }) => {
    const [ledgers = 0, ...others] = nodeCpuMs
    const [ledgersPart = 0, ...othersParts] = parts
    const queue = sum(others) / sum(othersParts)
    return {
      ledgers,
      ledgersPart,
      queue,
      ledger: ledgers - queue * ledgersPart,
      all: sum(nodeCpuMs),
    }
  })
  const each = (what: string, value: (cost: (typeof costs)[number]) => number): Figure =>
    figure(of, what, costs.map(value))
  return [
    each('ms CPU of the node of the ledger per message', ({ ledgers }) => ledgers),
    each('part of the names on that node', ({ ledgersPart }) => ledgersPart),
    each('ms CPU of Redis for the ledger per message', ({ ledger }) => ledger),
    each('ms CPU of Redis for the queue per message', ({ queue }) => queue),
    each('part of the work of Redis that is the ledger', ({ ledger, all }) => ledger / all),
    each('messages/s at most, of the node of the ledger alone', ({ ledger }) => 1_000 / ledger),
  ]
}

function sum(all: readonly number[]): number {
  return all.reduce((total, one) => total + one, 0)
}
