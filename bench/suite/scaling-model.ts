import type { Report } from '../report/report.ts'

/** What a message costs, as it was measured. */
export interface Coefficients {
  /** Processor time of a worker, in ms. */
  readonly workerMs: number
  /** Processor time of Redis, in ms. */
  readonly storeMs: number
  /** The part of it that is the ledger's, which is on one node of a cluster. */
  readonly ledgerPart: number
  /** Bytes of Redis while it waits. */
  readonly waitingBytes: number
  /** Bytes of the ledger after it was delivered. */
  readonly ledgerBytes: number
}

/** How much is to be sent, and how. */
export interface Demand {
  readonly name: string
  readonly perSecond: number
  /** How many times the average the peak is. */
  readonly peak: number
  /** How long a session is busy with a message, in ms. */
  readonly sessionMs: number
  readonly ledgerDays: number
  readonly outageHours: number
}

/** What that needs. */
export interface Needs {
  readonly peakPerSecond: number
  readonly sessions: number
  readonly workers: number
  readonly redisCores: number
  /** Deployments with a prefix of their own, as many as the ledgers need nodes. */
  readonly fleets: number
  readonly ledgerBytes: number
  readonly outageBytes: number
}

/** How busy a core may be at the peak. */
const FILLED = 0.7
/** So that one may die. */
const FEWEST_WORKERS = 2

/** Computes what `demand` needs of a store on Redis. */
export function needsOf(demand: Demand, cost: Coefficients): Needs {
  const { perSecond, peak, sessionMs, ledgerDays, outageHours } = demand
  const most = perSecond * peak
  const cores = (ms: number): number => Math.ceil((most * ms) / 1_000 / FILLED)
  return {
    peakPerSecond: most,
    sessions: Math.ceil((most * sessionMs) / 1_000),
    workers: Math.max(FEWEST_WORKERS, cores(cost.workerMs)),
    redisCores: cores(cost.storeMs),
    fleets: cores(cost.storeMs * cost.ledgerPart),
    ledgerBytes: perSecond * 86_400 * ledgerDays * cost.ledgerBytes,
    outageBytes: perSecond * 3_600 * outageHours * cost.waitingBytes,
  }
}

/** Takes the coefficients out of what the benchmarks told. Throws when one of them did not run. */
export function coefficientsOf(reports: readonly Report[]): Coefficients {
  const median = (benchmark: string, of: string, what: string): number => {
    const report = reports.find((one) => one.benchmark === benchmark)
    const found = report?.figures.find((one) => one.of === of && one.what === what)
    if (found === undefined) throw new Error(`expected "${what}" of "${of}" from "${benchmark}"`)
    return found.median
  }
  return {
    workerMs: median('throughput', 'Mailroom on Redis', 'ms CPU per message'),
    storeMs: median('throughput', 'Mailroom on Redis', 'ms CPU of the store per message'),
    ledgerPart: median(
      'scale-out',
      'one worker, a cluster',
      'part of the work of Redis that is the ledger',
    ),
    waitingBytes: median('redis-cost', 'Mailroom, enqueue', 'bytes of memory per message'),
    ledgerBytes: median(
      'ledger-bytes',
      'delivered at the first attempt',
      'bytes per message, redis',
    ),
  }
}
