import { createLocalHealth } from '../fleet/health.ts'
import { createLocalLeases } from '../fleet/leases.ts'
import type { Store } from '../store/store.ts'
import { guardClock, type ClockGuard } from './clock-guard.ts'
import type { Emit, WorkerEvent } from './events.ts'
import { openLane, type Lane, type LaneContext } from './lane.ts'
import type { RetryPolicy } from './retry.ts'
import { openServices } from './services.ts'
import { faultReporter } from './store-faults.ts'
import type { Readiness, WorkerOptions } from './worker.ts'

/** Everything that a working worker holds open: the store and a lane for each name. */
export interface Floor {
  readonly names: readonly string[]
  quiet(): void
  /** Closes everything; answers how many running jobs were handed back. */
  close(deadlineMs: number, graceMs: number): Promise<number>
  readiness(): Promise<Readiness>
}

export interface FloorOptions extends WorkerOptions {
  readonly id: string
  readonly emit: Emit
  readonly retry: RetryPolicy
}

const DEFAULT_LOCK_MS = 60_000
const DEFAULT_STALLED_CHECK_MS = 30_000

/** Opens the store, waiting for it until `signal` aborts, then a lane for each name. */
export async function openFloor(options: FloorOptions, signal: AbortSignal): Promise<Floor> {
  const { connections, id, retry } = options
  const names = options.names ?? connections.names()
  const lockMs = options.lockMs ?? DEFAULT_LOCK_MS
  const lanes: Lane[] = []
  let handedBack = 0
  const emit = (event: WorkerEvent): void => {
    if (event.event === 'handed-back') handedBack += 1
    options.emit(event)
  }
  const onStoreFault = faultReporter(emit)
  await using opened = new AsyncDisposableStack()

  await Promise.all(names.map((name) => connections.resolve(name)))
  const services = await openServices(options, signal, opened, onStoreFault)
  const { clock, store } = services
  const context = {
    ...services,
    worker: id,
    retry,
    emit,
    onStoreFault,
    lockMs,
    stalledCheckMs: options.stalledCheckMs ?? DEFAULT_STALLED_CHECK_MS,
    health: createLocalHealth(options.circuit === undefined ? {} : { policy: options.circuit }),
    leases: createLocalLeases(),
    now: () => clock.now(),
    random: Math.random,
    resolve: (name: string) => connections.resolve(name),
  }
  opened.defer(() => stopAll(lanes, 0, 0))
  await openAll(names, context, lanes)
  signal.throwIfAborted()
  const guard = guardClock(clock, lockMs, lanes, onStoreFault)

  const held = opened.move()
  return {
    names,
    quiet: () => lanes.forEach((lane) => lane.quiet()),
    close: async (deadlineMs, graceMs) => {
      await stopAll(lanes, deadlineMs, graceMs)
      lanes.length = 0
      await held.disposeAsync()
      return handedBack
    },
    readiness: () => readinessOf(store, lanes, guard),
  }
}

/** Opens a lane for each name; when one cannot be opened, the others are there to be closed. */
async function openAll(
  names: readonly string[],
  context: LaneContext,
  lanes: Lane[],
): Promise<void> {
  const opening = names.map(async (name) => lanes.push(await openLane(name, context)))
  for (const { reason } of (await Promise.allSettled(opening)).filter(isRejected)) throw reason
}

function isRejected(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === 'rejected'
}

async function stopAll(lanes: readonly Lane[], deadlineMs: number, graceMs: number): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.stop(deadlineMs, graceMs)))
}

async function readinessOf(
  store: Store,
  lanes: readonly Lane[],
  guard: ClockGuard,
): Promise<Readiness> {
  if (guard.isOff) return { ready: false, reason: 'the clock is off: nothing is taken' }
  try {
    await store.ping()
  } catch (error) {
    return { ready: false, reason: error instanceof Error ? error.message : String(error) }
  }
  return { ready: true, parked: lanes.filter((lane) => lane.isParked).map((lane) => lane.name) }
}
