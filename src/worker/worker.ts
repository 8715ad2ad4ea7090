import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

import type { ContentOptions } from '../content/open.ts'
import type { Resolver } from '../connections/resolver.ts'
import type { CircuitPolicy } from '../fleet/circuit.ts'
import type { Floor } from './floor.ts'
import type { Emit } from './events.ts'
import type { SweepTimes } from './sweep-context.ts'
import {
  createReconfigurer,
  type LoadReconfiguration,
  type Place,
  type Reconfigured,
} from './reconfigure.ts'
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from './retry.ts'

/** What a worker takes jobs of, and how it treats them. Spans are milliseconds. */
export interface WorkerOptions {
  /** Tells the store's location, `redis://…`, `postgres://…` or `embedded:DIRECTORY`, at the start. */
  readonly locate: () => Promise<string>
  /** The connection managers: each name's jobs are taken unless `names` says which. */
  readonly connections: Resolver
  /** Takes only these names' jobs; all by default. Throws `UnknownConnectionError` for others. */
  readonly names?: readonly string[]
  /** Names this worker in the ledger and in logs; host name, process id and a random part by default. */
  readonly id?: string
  /** Hears every event; nobody by default. */
  readonly emit?: Emit
  readonly retry?: Partial<RetryPolicy>
  readonly circuit?: Partial<CircuitPolicy>
  /** How long a job stays taken without a sign of life; 60,000 by default. */
  readonly lockMs?: number
  /** How many jobs of all names are in flight at once, at least one of each name; 1,000 by default. */
  readonly maxInFlight?: number
  /** Finds out at the start whether each manager can be used, by one login in the fleet; true by default. */
  readonly verifyAtStart?: boolean
  /** How often jobs of dead workers are looked for; 30,000 by default. */
  readonly stalledCheckMs?: number
  /** How long the sessions and the probe of a worker that was killed stay its own; 15,000 by default. */
  readonly leaseMs?: number
  /** How often the store is asked what others told, in case a notice was lost; 1,000 to 5,000 by default. */
  readonly looksEveryMs?: number
  /** How often files with secrets are looked at, in case they have changed; 1,000 by default. */
  readonly secretsEveryMs?: number
  /** How long settled messages stay in the ledger; 30 days by default. */
  readonly retentionMs?: number
  /** Where content beside the queue is; in the store of the queue by default. */
  readonly content?: ContentOptions
  /** Where content lies while it is sent; the system's folder for temporary files by default. */
  readonly spoolDirectory?: string
  /** How often, and how patiently, the fleet puts right what crashes left behind. */
  readonly sweep?: Partial<SweepTimes>
  /** Begins every Redis key; `mailroom` by default. */
  readonly prefix?: string
  /** Holds every Postgres table; `mailroom` by default. */
  readonly schema?: string
  /** Brings the tables in a Postgres up to date at the start; an embedded store does so anyway. */
  readonly migrate?: boolean
  /** Works on a Redis that may lose mail; false by default, for tests and development. */
  readonly allowUnsafeStore?: boolean
}

/**
 * Takes jobs and delivers them.
 *
 * `start` once; `quiet` and `stop` may be called at any time and again, also when it never started.
 */
export interface Worker extends AsyncDisposable {
  readonly id: string
  /**
   * Waits for the store, then takes. Rejects when the store is unsafe or refuses, or a secret
   * cannot be read; a store that is away is waited for. A name that cannot be opened all the same is
   * tried again, and the others are served.
   */
  start(): Promise<void>
  /** Takes nothing more; what runs goes on. */
  quiet(): void
  /**
   * Loads other connection managers and works with them from now on; without `load` those that it
   * has are looked up again. What is not valid is refused as a whole, and the old ones stay.
   *
   * New deliveries use a changed manager at once, and sessions of the old one finish what they have
   * begun. A name that is gone takes nothing more, and its mail waits.
   */
  reconfigure(load?: LoadReconfiguration): Promise<Reconfigured>
  /**
   * Quiets, lets running deliveries finish for `deadlineMs` (30,000 by default), hands the others
   * back, says QUIT and closes everything. What has sent its final dot is still waited for,
   * `graceMs` (5,000 by default) longer.
   */
  stop(deadlineMs?: number, graceMs?: number): Promise<void>
  /** Whether it takes jobs now, and if not, why. */
  readiness(): Promise<Readiness>
}

export type Readiness =
  | {
      readonly ready: true
      /** Names through which nothing can be tried now. */
      readonly parked: readonly string[]
      /** Names that could not be opened yet, and are tried again; there are others that are open. */
      readonly delayed: readonly string[]
    }
  | { readonly ready: false; readonly reason: string }

type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'starting'; readonly opening: Promise<Floor> }
  | { readonly kind: 'working'; readonly floor: Floor }
  | { readonly kind: 'quiet'; readonly floor: Floor }
  | { readonly kind: 'stopped' }

/** Creates a worker; nothing is opened before `start`. */
export function createWorker(options: WorkerOptions): Worker {
  const id = options.id ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const emit = quietly(options.emit ?? (() => {}))
  const stopping = new AbortController()
  let state: State = { kind: 'new' }
  let started: Promise<void> | undefined
  let stopped: Promise<void> | undefined
  let isQuiet = false
  const configuration = createReconfigurer(options, () => placeOf(state, isQuiet), emit)

  const begin = async (): Promise<void> => {
    const retry = { ...DEFAULT_RETRY_POLICY, ...options.retry }
    // What only workers need is loaded by those who start one, and not by every producer.
    const opening = import('./floor.ts').then(({ openFloor }) =>
      openFloor({ ...options, id, emit, retry, configuration }, stopping.signal),
    )
    state = { kind: 'starting', opening }
    try {
      const floor = await opening
      if (stopping.signal.aborted) return
      state = { kind: 'working', floor }
      emit({ event: 'worker-started', worker: id, connections: floor.names })
      if (isQuiet) quiet()
      if (floor.delayed.length > 0) configuration.tryAgain()
    } catch (error) {
      state = { kind: 'stopped' }
      if (!stopping.signal.aborted) throw error
    }
  }
  const start = (): Promise<void> => {
    if (stopping.signal.aborted) return Promise.resolve()
    return (started ??= begin())
  }
  const quiet = (): void => {
    isQuiet = true
    if (state.kind !== 'working') return
    state = { kind: 'quiet', floor: state.floor }
    state.floor.quiet()
    emit({ event: 'worker-quieted', worker: id })
  }
  const close = async (deadlineMs: number, graceMs: number): Promise<void> => {
    stopping.abort()
    const floor = await floorOf(state)
    state = { kind: 'stopped' }
    const handedBack = await floor?.close(deadlineMs, graceMs)
    if (handedBack !== undefined) emit({ event: 'worker-stopped', worker: id, handedBack })
  }
  const stop = (deadlineMs = 30_000, graceMs = 5_000): Promise<void> => {
    quiet()
    return (stopped ??= close(deadlineMs, graceMs))
  }

  return {
    id,
    start,
    quiet,
    reconfigure: (load) => configuration.reconfigure(load),
    stop,
    readiness: async () => readinessOf(state),
    [Symbol.asyncDispose]: () => stop(),
  }
}

async function floorOf(state: State): Promise<Floor | undefined> {
  if (state.kind === 'starting') return state.opening.catch(() => undefined)
  return state.kind === 'working' || state.kind === 'quiet' ? state.floor : undefined
}

async function placeOf(state: State, isQuiet: boolean): Promise<Place> {
  if (isQuiet) return 'leaving'
  return state.kind === 'new' ? 'not-started' : ((await floorOf(state)) ?? 'leaving')
}

/** A listener's fault is its owner's: no delivery may end because of it. */
function quietly(emit: Emit): Emit {
  return (event) => {
    try {
      emit(event)
    } catch {
      // Dropped, as `Emit` says.
    }
  }
}

async function readinessOf(state: State): Promise<Readiness> {
  switch (state.kind) {
    case 'new':
      return { ready: false, reason: 'not started' }
    case 'starting':
      return { ready: false, reason: 'waiting for the store' }
    case 'quiet':
      return { ready: false, reason: 'quieted: takes nothing more' }
    case 'stopped':
      return { ready: false, reason: 'stopped' }
    case 'working':
      return state.floor.readiness()
  }
}
