import { createLocalHealth } from '../fleet/health.ts'
import { createLocalLeases } from '../fleet/leases.ts'
import { DEFAULT_RETENTION_MS, openLedger } from '../ledger/open.ts'
import { openQueues } from '../queue/open.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { createAnnouncer } from './announcer.ts'
import type { Emit, WorkerEvent } from './events.ts'
import { openLane, type Lane } from './lane.ts'
import type { RetryPolicy } from './retry.ts'
import { openStoreClock } from './store-clock.ts'
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
  let handedBack = 0
  const emit = (event: WorkerEvent): void => {
    if (event.event === 'handed-back') handedBack += 1
    options.emit(event)
  }
  const onStoreFault = faultReporter(emit)
  await using opened = new AsyncDisposableStack()

  for (const name of names) await connections.resolve(name)
  const store = await openStore(await options.locate(), {
    ...options,
    patience: 'wait',
    signal,
    onError: onStoreFault,
  })
  opened.defer(() => store.close())
  const queues = await openQueues(store)
  opened.defer(() => queues.close())
  const ledger = await openLedger(store, {
    retentionMs: options.retentionMs ?? DEFAULT_RETENTION_MS,
  })
  const clock = await openStoreClock(store, () => {}, onStoreFault)
  opened.defer(() => clock.close())
  const announcer = createAnnouncer(store, onStoreFault)
  opened.defer(() => announcer.close())

  const lanes: Lane[] = []
  const context = {
    worker: id,
    ledger,
    queues,
    retry,
    emit,
    onStoreFault,
    lockMs,
    stalledCheckMs: options.stalledCheckMs ?? DEFAULT_STALLED_CHECK_MS,
    health: createLocalHealth(options.circuit === undefined ? {} : { policy: options.circuit }),
    leases: createLocalLeases(),
    now: () => clock.now(),
    random: Math.random,
    announce: announcer.announce,
    resolve: (name: string) => connections.resolve(name),
  }
  opened.defer(() => stopAll(lanes, 0, 0))
  for (const name of names) lanes.push(await openLane(name, context))
  signal.throwIfAborted()

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
    readiness: () => readinessOf(store, lanes),
  }
}

async function stopAll(lanes: readonly Lane[], deadlineMs: number, graceMs: number): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.stop(deadlineMs, graceMs)))
}

async function readinessOf(store: Store, lanes: readonly Lane[]): Promise<Readiness> {
  try {
    await store.ping()
  } catch (error) {
    return { ready: false, reason: error instanceof Error ? error.message : String(error) }
  }
  return { ready: true, parked: lanes.filter((lane) => lane.isParked).map((lane) => lane.name) }
}
