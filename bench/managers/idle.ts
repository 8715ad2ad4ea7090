import { setTimeout as sleep } from 'node:timers/promises'

import { processorMs, residentMb } from '../race/processor-time.ts'
import type { Running } from '../race/race.ts'
import { figure, type Figure } from '../report/report.ts'

/** What a store tells of the work it has had so far. */
export interface StoreWork {
  readonly connections: number
  /** Commands of Redis, transactions of Postgres. */
  readonly asked: number
}

/** A worker without mail, as it stands and what it used in a second. */
export interface Idle {
  readonly residentMb: number
  readonly connections: number
  readonly askedPerSecond: number
  readonly cpuMsPerSecond: number
  readonly storeCpuMsPerSecond: number
}

/** Less than this in a second, and a worker has come to rest. */
const AT_REST_MS = 150
const PATIENCE_SECONDS = 60
const LOOK_MS = 20_000

/** Waits until a worker has come to rest, and then looks at it for a while. */
export async function idleOf(worker: Running, lookAt: () => Promise<StoreWork>): Promise<Idle> {
  const store = worker.storePids ?? []
  for (let calm = 0, second = 0; calm < 3 && second < PATIENCE_SECONDS; second += 1) {
    const before = processorMs(worker.pids)
    await sleep(1_000)
    calm = processorMs(worker.pids) - before < AT_REST_MS ? calm + 1 : 0
  }
  const [cpu, storeCpu, before] = [processorMs(worker.pids), processorMs(store), await lookAt()]
  await sleep(LOOK_MS)
  const after = await lookAt()
  const perSecond = (some: number): number => some / (LOOK_MS / 1_000)
  return {
    residentMb: residentMb(worker.pids) ?? Number.NaN,
    connections: after.connections,
    askedPerSecond: perSecond(after.asked - before.asked),
    cpuMsPerSecond: perSecond(processorMs(worker.pids) - cpu),
    storeCpuMsPerSecond: perSecond(processorMs(store) - storeCpu),
  }
}

/** What each of `more` managers adds to a worker that is idle. */
export function perManager(store: string, one: Idle, many: Idle, more: number): readonly Figure[] {
  const of = `an idle manager, ${store}`
  const per = (what: string, name: keyof Idle, times = 1): Figure =>
    figure(of, what, [((many[name] - one[name]) / more) * times])
  return [
    per('kB resident', 'residentMb', 1_000),
    per('connections of the store', 'connections'),
    per('requests of the store per second', 'askedPerSecond'),
    per('ms CPU per second', 'cpuMsPerSecond'),
    per('ms CPU of the store per second', 'storeCpuMsPerSecond'),
  ]
}
