import { setTimeout as sleep } from 'node:timers/promises'

import type { MailroomConfig, WorkerHooks } from '../../src/index.ts'
import type { TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import type { Policy } from './accountant.ts'
import { RELAY, type ChaosStore } from './chaos-store.ts'
import type { Plan } from './misdeeds.ts'
import { createRandom, type Random } from './random.ts'
import { startServer, type ServerProcess } from './server-process.ts'
import { startStallProxy, type StallProxy } from './stall-proxy.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

export type Proxied = 'none' | 'first' | 'all'

type Properties = Readonly<Record<string, unknown>>

/** Properties of the connection manager; time-outs and limits are laid over those of every case. */
export interface RelayProperties extends Properties {
  readonly timeouts?: Properties
  readonly limits?: Properties
}

export interface MachineOptions {
  readonly plan: Plan
  readonly policy: Policy
  readonly workers: number
  readonly relay: RelayProperties
  readonly hooks: WorkerHooks
  /** The workers between whom and their store a proxy stands. */
  readonly proxied: Proxied
  readonly stopWithinMs: number
  /** How many messages are sent. */
  readonly count: number
  readonly over: AbortSignal
}

/** A mail server, a store, and workers between them: all processes of their own, all to be hurt. */
export interface Machine extends AsyncDisposable {
  readonly store: ChaosStore
  readonly place: TestStore
  readonly server: ServerProcess
  /** Throws when the case has none. */
  readonly proxy: StallProxy
  readonly count: number
  /** Those that live. */
  readonly workers: () => readonly WorkerProcess[]
  /** Every worker that there ever was. */
  readonly all: readonly WorkerProcess[]
  readonly random: Random
  /** Aborts when every message is at its end, or none is expected to get there any more. */
  readonly over: AbortSignal
  /** For a producer at the same place, which no proxy holds up. */
  readonly config: MailroomConfig
  readonly addWorker: () => Promise<WorkerProcess>
  /** Kills one and starts another in its place. */
  readonly replace: (worker: WorkerProcess) => Promise<void>
  readonly worker: (client: string | undefined) => WorkerProcess | undefined
  /** Waits for a fact, or until all is over; answers whether it has come true. */
  readonly until: (isSo: () => boolean) => Promise<boolean>
  readonly rest: (ms: number) => Promise<void>
}

export const LOCK_MS = 2_000
export const STALLED_CHECK_MS = 300

/** Everything as it is by default, only shorter. */
const HOOKS: WorkerHooks = {
  retry: { firstDelayMs: 50, maxDelayMs: 200 },
  circuit: { firstDelayMs: 50, maxDelayMs: 100, authDelayMs: 100, throttleDelayMs: 100 },
  lockMs: LOCK_MS,
  stalledCheckMs: STALLED_CHECK_MS,
  leaseMs: LOCK_MS,
  sweep: { everyMs: 1_000, graceMs: 5_000 },
}
const STEPS = ['greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'body'] as const
const TIMEOUTS = {
  ...Object.fromEntries(STEPS.map((step) => [step, '1s'])),
  dot: '5s',
  total: '1m',
}
const LIMITS = { sessions: 10, messagesPerSession: 20 }
const LOOK_MS = 20

export async function openMachine(store: ChaosStore, options: MachineOptions): Promise<Machine> {
  const { plan, policy, hooks, proxied, stopWithinMs, count, over } = options
  const { timeouts, limits, ...relay } = options.relay
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryDirectory()).path
  const place = await store.newPlace()
  const server = stack.use(await startServer(plan, folder))
  const proxy = proxied === 'none' ? undefined : stack.use(await startStallProxy(() => store.port))
  const all: WorkerProcess[] = []
  stack.defer(() => Promise.all(all.map((worker) => worker.kill())).then(() => undefined))
  const configAt = (where: TestStore, clientName: string): MailroomConfig => ({
    ...where,
    connections: {
      [RELAY]: {
        server: '127.0.0.1',
        port: server.port,
        tls: 'none',
        auth: { method: 'basic', user: 'app', password: 'secret', allowInsecureAuth: true },
        timeouts: { ...TIMEOUTS, ...timeouts },
        limits: { ...LIMITS, ...limits },
        ...(policy === 'hold' ? {} : { uncertain: policy }),
        ...relay,
        clientName,
      },
    },
  })
  const addWorker = async (): Promise<WorkerProcess> => {
    const client = `worker-${all.length + 1}`
    const isBehind = proxied === 'all' || (proxied === 'first' && all.length === 0)
    const at = isBehind && proxy !== undefined ? store.through(place, proxy.port) : place
    const worker = startWorker({
      client,
      folder,
      config: configAt(at, client),
      hooks: { ...HOOKS, ...hooks },
      stopWithinMs,
    })
    all.push(worker)
    await worker.started()
    return worker
  }
  const living = (): readonly WorkerProcess[] => all.filter(({ hasEnded }) => !hasEnded)
  await Promise.all(Array.from({ length: options.workers }, addWorker))

  const held = stack.move()
  return {
    store,
    place,
    server,
    get proxy() {
      if (proxy === undefined) throw new Error('this case has no proxy')
      return proxy
    },
    count,
    workers: living,
    all,
    random: createRandom(plan.seed, 'machine'),
    over,
    config: configAt(place, 'producer'),
    addWorker,
    replace: async (worker) => {
      await worker.kill()
      await addWorker()
    },
    worker: (client) => living().find((one) => one.client === client),
    until: async (isSo) => {
      while (!isSo() && !over.aborted) await sleep(LOOK_MS)
      return isSo()
    },
    rest: (ms) => sleep(ms),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}
