import type { Kerberos } from '../connections/auth/kerberos/kerberos.ts'
import type { Tokens } from '../connections/auth/oauth2/tokens.ts'
import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { Seats } from '../connections/seats.ts'
import type { ResolvedManager } from '../connections/secrets.ts'
import type { Health } from '../fleet/health.ts'
import type { Leases } from '../fleet/lease.ts'
import type { Rates } from '../fleet/rates.ts'
import type { Starts } from '../fleet/starts.ts'
import type { PauseWatch } from '../fleet/pause-watch.ts'
import type { Consumer, Queues } from '../queue/queues.ts'
import type { AttemptContext } from './attempt.ts'
import type { InFlight } from './in-flight.ts'
import { createJunction } from './junction.ts'
import type { ResolvedRoute } from './resolved-route.ts'
import type { StartLine } from './start-line.ts'
import { runJob } from './run-job.ts'
import { createRunning } from './running.ts'
import { createWeightedTurns } from './weighted-turns.ts'

/** What a lane needs of the worker that runs it. */
export interface LaneContext extends Omit<
  AttemptContext,
  'connection' | 'manager' | 'digest' | 'parkedMsSince' | 'learn' | 'isParked' | 'ended'
> {
  readonly queues: Queues
  readonly health: Health
  readonly leases: Leases
  readonly rates: Rates
  readonly starts: Starts
  readonly inFlight: InFlight
  /** The seats of the sessions that a manager allows now, in this worker. */
  readonly seats: (manager: ConnectionManager) => Seats
  readonly pauses: PauseWatch
  /** The access tokens that all sessions of this worker log in with. */
  readonly tokens: Tokens
  /** The Kerberos library, as all identities that log in with it. */
  readonly kerberos: Kerberos
  /** Resolves a manager anew, with the secrets as they are now. */
  readonly resolve: (manager: string) => Promise<ResolvedManager>
  /** Resolves all managers that a name stands for. */
  readonly resolveRoute: (name: string) => Promise<ResolvedRoute>
  /** Where managers wait for their turn to be asked at the start; absent when they are not. */
  readonly startLine: StartLine | undefined
  readonly lockMs: number
  readonly stalledCheckMs: number
}

/** One name that a worker takes jobs of: its queue on one side, the ways to its managers on the other. */
export interface Lane {
  readonly name: string
  /** Whether nothing can be tried: no manager can be used, or an operator paused them. */
  readonly isParked: boolean
  /** Takes nothing while held for the clock's sake, whatever the manager's health is. */
  hold(isHeld: boolean): void
  /**
   * Leads new deliveries to `fresh`, at once; what has begun goes on. False when it is the same as was
   * given before, whatever the lane has found out itself since.
   */
  use(fresh: ResolvedRoute): boolean
  quiet(): void
  /**
   * Quiets, and stops when all that runs has ended, however long it takes, or when it is told to. It
   * keeps as many sessions as deliveries that run: the others are free at once.
   */
  drain(): Promise<void>
  /** Calling it twice gives the same promise. */
  stop(deadlineMs: number, graceMs: number): Promise<void>
}

/** How long what runs no longer may take to be written down, when a lane has drained. */
const LAST_WORDS_MS = 5_000
/** More than the turns of most groups until they begin anew. */
const ANYWHERE = 1_000

/** Opens the name's queue and the ways to its managers, and begins to take; what fails leaves nothing open. */
export async function openLane(name: string, context: LaneContext): Promise<Lane> {
  const ending = new AbortController()
  const running = createRunning(() => {})
  const route = await context.resolveRoute(name)
  const turns = createWeightedTurns(await startOf(route, context))
  await using opened = new AsyncDisposableStack()
  let stopping: Promise<void> | undefined

  const consumer: Consumer = await context.queues.consume(
    name,
    (taken, signal) => running.count(() => runJob(taken, junction, context.onStoreFault, signal)),
    { ...context, concurrency: 0, onError: context.onStoreFault },
  )
  opened.defer(() => consumer.stop(0, 0))
  const junction = createJunction(name, route, { ...context, turns }, () => consumer, ending.signal)
  opened.move()
  junction.begin()

  /** What has not even a session yet goes back at once. */
  const takeNoMore = (): void => {
    consumer.quiet()
    junction.quiet()
  }
  const close = async (deadlineMs: number, graceMs: number): Promise<void> => {
    const until = performance.now() + deadlineMs + graceMs
    takeNoMore()
    await consumer.stop(deadlineMs, graceMs)
    ending.abort()
    await junction.close(Math.max(0, until - performance.now()))
  }
  const stop = (deadlineMs: number, graceMs: number): Promise<void> =>
    (stopping ??= close(deadlineMs, graceMs))

  return {
    name,
    get isParked() {
      const [flow, ...others] = junction.flows
      if (flow !== undefined && others.length === 0) return flow.tap.isShut || flow.pause.isOn
      return junction.isShut
    },
    hold: (isHeld) => junction.hold(isHeld),
    use: (fresh) => junction.use(fresh),
    quiet: () => consumer.quiet(),
    drain: async () => {
      takeNoMore()
      junction.drain()
      await running.none(ending.signal)
      await stop(LAST_WORDS_MS, LAST_WORDS_MS)
    },
    stop,
  }
}

/**
 * A point of its own for each worker: else the first message of every one went the same way. Where the
 * store cannot tell one that nobody has had, chance does nearly as well.
 */
async function startOf({ group }: ResolvedRoute, context: LaneContext): Promise<number> {
  const anywhere = Math.floor(context.random() * ANYWHERE)
  // It may become a group later.
  if (group.members.length <= 1) return anywhere
  return context.starts.next(group.name).catch((error: unknown) => {
    context.onStoreFault(error)
    return anywhere
  })
}
