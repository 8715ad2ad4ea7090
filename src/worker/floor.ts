import type { Looks } from '../connections/file-look.ts'
import { watchFiles } from '../connections/watch-files.ts'
import type { Store } from '../store/store.ts'
import { guardClock, type ClockGuard } from './clock-guard.ts'
import type { Emit, WorkerEvent } from './events.ts'
import { openFleetServices } from './fleet-services.ts'
import { createLanes, type LaneChanges, type Lanes } from './lanes.ts'
import { createInFlight, DEFAULT_MAX_IN_FLIGHT } from './in-flight.ts'
import { joinFleet } from './membership.ts'
import type { Reconfiguration, Reconfigurer } from './reconfigure.ts'
import { resolveManagers } from './resolve-managers.ts'
import { resolveRoute } from './resolved-route.ts'
import { createStartLine } from './start-line.ts'
import type { RetryPolicy } from './retry.ts'
import { openServices } from './services.ts'
import { faultReporter } from './store-faults.ts'
import type { Readiness, WorkerOptions } from './worker.ts'

/** Everything that a working worker holds open: the store and a lane for each name. */
export interface Floor {
  readonly names: readonly string[]
  /** The names that could not be opened at the start; why was told. */
  readonly delayed: readonly string[]
  quiet(): void
  /**
   * Works with another configuration; undefined when it was closed in the meantime.
   *
   * Throws `InvalidConfigurationError`, and nothing has changed.
   */
  reconfigure(to: Reconfiguration): Promise<LaneChanges | undefined>
  /** Closes everything; answers how many running jobs were handed back. */
  close(deadlineMs: number, graceMs: number): Promise<number>
  readiness(): Promise<Readiness>
}

export interface FloorOptions extends Omit<WorkerOptions, 'connections' | 'names'> {
  readonly id: string
  readonly emit: Emit
  readonly retry: RetryPolicy
  readonly configuration: Reconfigurer
}

const DEFAULT_LOCK_MS = 60_000
const DEFAULT_STALLED_CHECK_MS = 30_000

/** Opens the store, waiting for it until `signal` aborts, then a lane for each name. */
export async function openFloor(options: FloorOptions, signal: AbortSignal): Promise<Floor> {
  const { id, retry, configuration, lockMs = DEFAULT_LOCK_MS } = options
  let { connections } = configuration.current
  const names = configuration.current.names ?? connections.names()
  let handedBack = 0
  const emit = (event: WorkerEvent): void => {
    if (event.event === 'handed-back') handedBack += 1
    options.emit(event)
  }
  const onStoreFault = faultReporter(emit)
  await using opened = new AsyncDisposableStack()

  await Promise.all(names.map((name) => resolveRoute(connections, name)))
  const services = await openServices(options, signal, opened, onStoreFault)
  const { clock, store } = services
  const inFlight = createInFlight(options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT)
  opened.defer(() => inFlight.close())
  const context = {
    ...services,
    inFlight,
    ...(await openFleetServices(services, options, opened, onStoreFault)),
    worker: id,
    startLine: (options.verifyAtStart ?? true) ? createStartLine() : undefined,
    retry,
    emit,
    onStoreFault,
    lockMs,
    stalledCheckMs: options.stalledCheckMs ?? DEFAULT_STALLED_CHECK_MS,
    now: () => clock.now(),
    random: Math.random,
    resolve: (manager: string) => connections.resolve(manager),
    resolveRoute: (name: string) => resolveRoute(connections, name),
    rules: () => connections.rules(),
  }
  const lanes = createLanes(context, (lane) => lane.hold(guard.isOff))
  const guard = guardClock(clock, lockMs, () => lanes.list(), onStoreFault)
  opened.defer(() => lanes.stop(0, 0))
  const delayed = await lanes.open(names)
  signal.throwIfAborted()
  opened.use(await joinFleet({ ...context, names: () => lanes.names() }, options))
  opened.use(watchSecrets(options, () => connections.looks(), onStoreFault))

  const held = opened.move()
  return {
    get names() {
      return lanes.names()
    },
    delayed,
    quiet: () => lanes.quiet(),
    reconfigure: async (to) => {
      const managers = await resolveManagers(to.connections, to.names)
      connections = to.connections
      return lanes.follow(managers)
    },
    close: async (deadlineMs, graceMs) => {
      await lanes.stop(deadlineMs, graceMs)
      await held.disposeAsync()
      return handedBack
    },
    readiness: () => readinessOf(store, lanes, guard),
  }
}

function watchSecrets(
  { configuration, secretsEveryMs }: FloorOptions,
  files: () => Looks,
  onFault: (error: unknown) => void,
): Disposable {
  const onChange = (): Promise<unknown> => configuration.reconfigure().catch(onFault)
  const everyMs = secretsEveryMs === undefined ? {} : { everyMs: secretsEveryMs }
  return watchFiles({ files, onChange, ...everyMs })
}

async function readinessOf(store: Store, lanes: Lanes, guard: ClockGuard): Promise<Readiness> {
  if (guard.isOff) return { ready: false, reason: 'the clock is off: nothing is taken' }
  try {
    await store.ping()
  } catch (error) {
    return { ready: false, reason: error instanceof Error ? error.message : String(error) }
  }
  const delayed = lanes.delayed()
  if (delayed.length > 0 && lanes.list().length === 0) {
    const names = delayed.map((name) => JSON.stringify(name)).join(', ')
    return { ready: false, reason: `no name could be opened yet: ${names}` }
  }
  const parked = lanes.list().filter(({ isParked }) => isParked)
  return { ready: true, parked: parked.map(({ name }) => name), delayed }
}
