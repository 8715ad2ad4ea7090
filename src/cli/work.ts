import { createResolver } from '../connections/resolver.ts'
import type { OpenServer } from '../server/listen.ts'
import type { DepthSource } from '../telemetry/metrics.ts'
import { linesTogether } from '../telemetry/lines-together.ts'
import { isAlarming } from '../telemetry/log-levels.ts'
import type { Emit } from '../worker/events.ts'
import type { Worker, WorkerOptions } from '../worker/worker.ts'
import { createWorker } from '../worker/worker.ts'
import { workersByName } from '../fleet/fleet.ts'
import type { Context } from './context.ts'
import { printEvents } from './event-lines.ts'
import type { HealthPlace } from './observation.ts'
import type { Setup } from './setup.ts'
import { contentOptionsOf, sweepTimesOf } from '../read-config.ts'
import { tellOutdatedCertificates, tellWarnings } from './setup.ts'
import { openStoreView, type StoreView } from './store-view.ts'
import { watchConfiguration, type ConfigWatchOptions } from './watch-config.ts'

/** A worker with everything that shows what it does. */
export interface Work extends AsyncDisposable {
  readonly worker: Worker
  /** Absent when no port was asked for. */
  readonly health: OpenServer | undefined
  /** Starts to take mail. Rejects as `Worker.start` does. */
  start(): Promise<void>
  /** Loads the configuration now, if there is a way to; rejects never. */
  reload(): Promise<void>
}

export interface WorkOptions extends Pick<
  WorkerOptions,
  'names' | 'retry' | 'migrate' | 'allowUnsafeStore'
> {
  /** Where its health server listens; only then is counted what happens. */
  readonly health?: HealthPlace | undefined
  /** With it a configuration file that changes counts at once. */
  readonly watch?: ConfigWatchOptions
  /** How long a stop lets deliveries finish. */
  readonly stopWithinMs: number
  /** Whether events are told as short lines; on a terminal by default, never with `--json`. */
  readonly forPeople?: boolean
}

/**
 * Creates a worker that logs and counts, and opens its health server at once: before `start`
 * `/readyz` says what it waits for. What is doubtful about the connection managers is told first.
 * Disposing stops the worker within `stopWithinMs`.
 */
export async function openWork(
  setup: Setup,
  context: Context,
  { health, watch, stopWithinMs, forPeople = context.isTerminal, ...options }: WorkOptions,
): Promise<Work> {
  const { settings, config } = setup
  tellWarnings(setup)
  await tellOutdatedCertificates(setup, context)
  await using opened = new AsyncDisposableStack()
  const depths = opened.use(createDepths(setup, options.names ?? config.connections.names()))
  // Fastify and the metrics are loaded only for those who look at them.
  const observation = health && (await import('./observation.ts')).createObservation(health, depths)
  const tell = await tellEvents(setup, context, forPeople, opened)
  const worker = createWorker({
    ...options,
    locate: () => Promise.resolve(settings.queue),
    connections: createResolver(
      config.connections,
      config.digestKey,
      { env: context.env },
      config.rules,
    ),
    prefix: config.prefix,
    schema: config.schema,
    content: contentOptionsOf(config),
    retentionMs: config.retention.ended,
    sweep: sweepTimesOf(config),
    lockMs: config.worker.lock,
    verifyAtStart: config.worker.verifyAtStart,
    emit: toAll(tell, ...(observation ? [observation.count] : []), depths.follow),
  })
  opened.defer(() => worker.stop(stopWithinMs))
  const watching = watch && opened.use(watchConfiguration(setup, worker, context, watch))
  const server = observation && opened.use(await observation.serve(worker))
  const held = opened.move()
  return {
    worker,
    health: server,
    start: async () => {
      await worker.start()
      depths.enable()
    },
    reload: async () => watching?.reload(),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

async function tellEvents(
  { settings, terminal }: Setup,
  context: Context,
  forPeople: boolean,
  opened: AsyncDisposableStack,
): Promise<Emit> {
  if (forPeople && !settings.json) return printEvents(terminal, settings.logLevel)
  const { createLogger, logEvents } = await import('../telemetry/log.ts')
  const lines = linesTogether(context.out)
  opened.defer(() => lines.flush())
  const log = logEvents(createLogger({ level: settings.logLevel, destination: lines }))
  return (event) => {
    log(event)
    // What somebody has to look at is told also when the process ends in this very turn.
    if (isAlarming(event)) lines.flush()
  }
}

function toAll(...listeners: readonly Emit[]): Emit {
  return (event) => {
    for (const listener of listeners) listener(event)
  }
}

interface Depths extends DepthSource, AsyncDisposable {
  /** Hears which names are served. */
  readonly follow: Emit
  /** From now on the store is there: depths are read through a view that the first scrape opens. */
  enable(): void
}

function createDepths(setup: Setup, first: readonly string[]): Depths {
  let names = first
  let isEnabled = false
  let opening: Promise<StoreView> | undefined
  const view = async (): Promise<StoreView> => {
    opening ??= openStoreView(setup)
    try {
      return await opening
    } catch (error) {
      opening = undefined
      throw error
    }
  }
  return {
    names: () => (isEnabled ? names : []),
    follow: (event) => {
      if (event.event === 'config-applied') names = event.connections
    },
    depth: async (name) => (await view()).queues.depth(name),
    workers: async () => workersByName(await (await view()).registry.list()),
    enable: () => void (isEnabled = true),
    [Symbol.asyncDispose]: async () => {
      await (await opening?.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}
