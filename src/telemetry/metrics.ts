import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

import type { Depth } from '../queue/queues.ts'
import { createManagerMetrics, type ManagerMetrics } from './manager-metrics.ts'
import { createVerdictMetrics, type VerdictMetrics } from './verdict-metrics.ts'

export interface DepthSource {
  /** The names whose depth is shown; read again at every scrape. */
  names(): readonly string[]
  depth(name: string): Promise<Depth>
  /** How many live workers serve each name. */
  workers?(): Promise<ReadonlyMap<string, number>>
}

export interface MetricsOptions {
  /** Asked at every scrape; without it there is no `mailroom_queue_*`. */
  readonly depths?: DepthSource
  /** Whether `process_*` and `nodejs_*` are collected too; true by default. */
  readonly ofProcess?: boolean
}

/** Everything that a worker counts. `docs/operations.md` lists the names and their labels. */
export interface Metrics extends VerdictMetrics, ManagerMetrics {
  readonly registry: Registry
  readonly messages: Counter<'connection' | 'outcome'>
  readonly deferrals: Counter<'connection' | 'class'>
  readonly bytes: Counter<'connection'>
  readonly deliverySeconds: Histogram<'connection'>
  readonly acceptedSeconds: Histogram<'connection'>
  readonly handedBack: Counter<'connection'>
  readonly requeued: Counter<'connection'>
  readonly uncertainSettled: Counter<'connection' | 'way'>
  readonly storeErrors: Counter<'code'>
  readonly configLoads: Counter<'result'>
  readonly configLoadedAt: Gauge<'result'>
}

/** Creates the metrics of one process on a registry of their own; nothing global is touched. */
export function createMetrics({ depths, ofProcess = true }: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  if (ofProcess) collectDefaultMetrics({ register: registry })
  if (depths) registerDepths(registry, depths)
  if (depths?.workers) registerWorkers(registry, depths)
  return {
    registry,
    messages: new Counter({
      name: 'mailroom_messages_total',
      help: 'Messages that came to an end, by outcome.',
      labelNames: ['connection', 'outcome'],
      registers,
    }),
    deferrals: new Counter({
      name: 'mailroom_deferrals_total',
      help: 'Attempts after which a message waits for another one, by class of the reply code.',
      labelNames: ['connection', 'class'],
      registers,
    }),
    bytes: new Counter({
      name: 'mailroom_delivered_bytes_total',
      help: 'Bytes of the messages that were delivered.',
      labelNames: ['connection'],
      registers,
    }),
    ...createVerdictMetrics(registers),
    ...createHistograms(registers),
    ...createManagerMetrics(registers),
    ...createConfigMetrics(registers),
    handedBack: new Counter({
      name: 'mailroom_handed_back_total',
      help: 'Jobs that went back to their place because nothing could be tried.',
      labelNames: ['connection'],
      registers,
    }),
    requeued: new Counter({
      name: 'mailroom_requeued_total',
      help: 'Messages that were put back into their queue after a crash.',
      labelNames: ['connection'],
      registers,
    }),
    uncertainSettled: new Counter({
      name: 'mailroom_uncertain_settled_total',
      help: 'Uncertain messages that were settled as their policy says, by the way: resend or accept.',
      labelNames: ['connection', 'way'],
      registers,
    }),
    storeErrors: new Counter({
      name: 'mailroom_store_errors_total',
      help: 'Faults of the store, by error code.',
      labelNames: ['code'],
      registers,
    }),
  }
}

function createHistograms(
  registers: Registry[],
): Pick<Metrics, 'deliverySeconds' | 'acceptedSeconds'> {
  return {
    deliverySeconds: new Histogram({
      name: 'mailroom_delivery_seconds',
      help: 'From taking a message to the reply that accepted it.',
      labelNames: ['connection'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers,
    }),
    acceptedSeconds: new Histogram({
      name: 'mailroom_enqueue_to_delivery_seconds',
      help: 'From the enqueue of a message to its delivery.',
      labelNames: ['connection'],
      buckets: [0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400, 432_000],
      registers,
    }),
  }
}

function createConfigMetrics(
  registers: Registry[],
): Pick<Metrics, 'configLoads' | 'configLoadedAt'> {
  return {
    configLoads: new Counter({
      name: 'mailroom_config_loads_total',
      help: 'Times the configuration was loaded, by what became of it.',
      labelNames: ['result'],
      registers,
    }),
    configLoadedAt: new Gauge({
      name: 'mailroom_config_loaded_timestamp_seconds',
      help: 'When the configuration was last loaded, in seconds since 1970, by what became of it.',
      labelNames: ['result'],
      registers,
    }),
  }
}

function registerDepths(registry: Registry, source: DepthSource): void {
  const gauge: Gauge<'connection' | 'state'> = new Gauge({
    name: 'mailroom_queue_jobs',
    help: 'Jobs in the queue of a name, by state.',
    labelNames: ['connection', 'state'],
    registers: [registry],
    collect: async () => {
      const depths = await Promise.all(
        source.names().map(async (name) => [name, await depthOf(source, name)] as const),
      )
      gauge.reset()
      for (const [connection, depth] of depths) {
        for (const [state, jobs] of Object.entries(depth ?? {})) {
          gauge.set({ connection, state }, jobs)
        }
      }
    },
  })
}

function registerWorkers(registry: Registry, source: DepthSource): void {
  const gauge: Gauge<'connection'> = new Gauge({
    name: 'mailroom_queue_workers',
    help: 'Live workers that take jobs of a name.',
    labelNames: ['connection'],
    registers: [registry],
    collect: async () => {
      const names = source.names()
      const workers =
        names.length === 0 ? undefined : await source.workers?.().catch(() => undefined)
      gauge.reset()
      for (const name of workers === undefined ? [] : names) {
        gauge.set({ connection: name }, workers?.get(name) ?? 0)
      }
    },
  })
}

// A store that is down must not take the other metrics away: they say why.
async function depthOf(source: DepthSource, name: string): Promise<Depth | undefined> {
  try {
    return await source.depth(name)
  } catch {
    return undefined
  }
}
