import { setTimeout as sleep } from 'node:timers/promises'

import { processorMs, residentMb } from './processor-time.ts'
import type { Sink } from './sink.ts'

/** Who delivers messages into the sink, by a way of its own. */
export interface Contestant {
  readonly name: string
  /** How many times the messages of the others it is given, when it is so fast that it needs more. */
  readonly times?: number
  /** Gets everything ready for `total` messages, and delivers them until it is disposed of. */
  start(total: number, round: number): Promise<Running>
}

export interface Running extends AsyncDisposable {
  /** The processes that deliver: their processor time counts, with that of their children. */
  readonly pids: readonly number[]
  /** Those of the store, when it has one of its own. */
  readonly storePids?: readonly number[]
  /** How many commands the store has run so far, when it tells. */
  readonly commands?: () => Promise<number>
}

export interface Distance {
  /** Messages that are delivered before anything is measured. */
  readonly warmUp: number
  /** Messages that are measured. */
  readonly count: number
  /** Messages behind them, so that all sessions are busy to the end; a few in a hundred by default. */
  readonly spare?: number
}

/** What one contestant did in one round, per message where it can be. */
export interface Lap {
  readonly perSecond: number
  readonly cpuMs: number
  /** Absent where there is no store. */
  readonly storeCpuMs: number | undefined
  /** That of each of its processes. */
  readonly nodeCpuMs?: readonly number[]
  readonly commands: number | undefined
  /** The resident memory at the end; absent where several processes share the work. */
  readonly rssMb: number | undefined
  /** The most that it ever was. */
  readonly peakRssMb: number | undefined
}

const EVERY_MS = 4
/** So long without one more message, and it has failed; several that start at once take turns. */
const PATIENCE_MS = 120_000

/**
 * Lets one contestant deliver, and measures from the message at which it is warm to the last one.
 *
 * It is the sink that counts, and the kernel that tells of processor time: no contestant measures
 * itself, and all are measured in the same way.
 */
export async function race(
  contestant: Contestant,
  sink: Sink,
  { warmUp, count, spare }: Distance,
  round: number,
): Promise<Lap> {
  const before = await sink.taken()
  const times = contestant.times ?? 1
  const [first, last] = [warmUp, warmUp + count * times]
  // The one that ends is not to be gone before it was looked at.
  const total = last + (spare ?? Math.ceil(last * 0.02) + 50)
  await using running = await contestant.start(total, round)
  const from = await takenBy(sink, before + first, running)
  const to = await takenBy(sink, before + last, running)
  const messages = to.taken - from.taken
  const per = (one: number | undefined, other: number | undefined): number | undefined =>
    one === undefined || other === undefined ? undefined : (other - one) / messages
  return {
    perSecond: messages / ((to.at - from.at) / 1000),
    cpuMs: (to.cpuMs - from.cpuMs) / messages,
    storeCpuMs: per(sumOf(from.nodeCpuMs), sumOf(to.nodeCpuMs)),
    nodeCpuMs: to.nodeCpuMs?.map((ms, at) => (ms - (from.nodeCpuMs?.[at] ?? 0)) / messages) ?? [],
    commands: per(from.commands, to.commands),
    rssMb: to.rssMb,
    peakRssMb: to.peakRssMb,
  }
}

interface Moment {
  readonly at: number
  readonly taken: number
  readonly cpuMs: number
  readonly nodeCpuMs: readonly number[] | undefined
  readonly commands: number | undefined
  readonly rssMb: number | undefined
  readonly peakRssMb: number | undefined
}

/** Waits until the sink has taken so many, and says how everything stood then. */
async function takenBy(sink: Sink, wanted: number, running: Running): Promise<Moment> {
  let seen = -1
  let changedAt = performance.now()
  for (;;) {
    const taken = await sink.taken()
    const at = performance.now()
    if (taken >= wanted) return { at, taken, ...(await standingOf(running)) }
    if (taken > seen) [seen, changedAt] = [taken, at]
    if (at - changedAt > PATIENCE_MS) throw new Error(`it stopped ${wanted - taken} messages early`)
    await sleep(EVERY_MS)
  }
}

async function standingOf(running: Running): Promise<Omit<Moment, 'at' | 'taken'>> {
  const { pids, storePids, commands } = running
  return {
    cpuMs: processorMs(pids),
    nodeCpuMs: storePids?.map((pid) => processorMs([pid])),
    rssMb: residentMb(pids),
    peakRssMb: residentMb(pids, 'VmHWM'),
    commands: await commands?.(),
  }
}

function sumOf(all: readonly number[] | undefined): number | undefined {
  return all?.reduce((sum, one) => sum + one, 0)
}
