import type { ResolvedManager } from '../connections/secrets.ts'
import type { Circuit } from '../fleet/circuit.ts'
import type { Health } from '../fleet/health.ts'
import type { Leases } from '../fleet/leases.ts'
import type { Consumer, Queues } from '../queue/queues.ts'
import type { AttemptContext } from './attempt.ts'
import { leaseCapacity } from './capacity.ts'
import { createParking, type Parking } from './parking.ts'
import { tellShut } from './parking-events.ts'
import { runJob } from './run-job.ts'
import { createWay, type Way } from './way.ts'

/** What a lane needs of the worker that runs it. */
export interface LaneContext extends Omit<
  AttemptContext,
  'connection' | 'manager' | 'parkedMsSince' | 'learn' | 'isParked' | 'ended'
> {
  readonly queues: Queues
  readonly health: Health
  readonly leases: Leases
  /** Resolves the name's manager anew, with the secrets as they are now. */
  readonly resolve: (name: string) => Promise<ResolvedManager>
  readonly lockMs: number
  readonly stalledCheckMs: number
}

/** One name that a worker takes jobs of: its queue on one side, the way to its manager on the other. */
export interface Lane {
  readonly name: string
  readonly isParked: boolean
  /** Takes nothing while held, whatever the manager's health is. */
  hold(isHeld: boolean): void
  quiet(): void
  stop(deadlineMs: number, graceMs: number): Promise<void>
}

/** Opens the name's queue and the way to its manager, and begins to take. */
export async function openLane(name: string, context: LaneContext): Promise<Lane> {
  const stopping = new AbortController()
  const way = createWay(name, await context.resolve(name), context, () => parking, stopping.signal)
  const circuit = (): Circuit => context.health.circuit(way.gate.key)

  const parking = createParking({
    now: context.now,
    keepMs: context.retry.giveUpAfterMs,
    onPark: () => consumer.park(),
    onFault: context.onStoreFault,
    look: async () => {
      await way.renew()
      await way.gate.probe(stopping.signal)
      if (circuit().state === 'closed') resume()
      return circuit()
    },
  })
  const { sessions } = way.gate.resolved.manager.limits
  const capacity = leaseCapacity(context.leases, way.gate.key.name, sessions, () => fit())
  /** One session asks first; the others follow when it was let in. */
  const fit = (): void => {
    const wanted = circuit().state === 'closed' ? capacity.sessions : Math.min(1, capacity.sessions)
    consumer.setConcurrency(wanted).catch(context.onStoreFault)
  }
  const resume = (): void => {
    fit()
    const parkedMs = parking.unpark()
    if (parkedMs === undefined) return
    consumer.unpark().catch(context.onStoreFault)
    context.emit({ event: 'resumed', connection: name, manager: way.gate.key.name, parkedMs })
  }
  const unsubscribe = context.health.onChange(({ name: manager, digest }, now) => {
    if (manager !== way.gate.key.name || digest !== way.gate.key.digest) return
    if (now.state === 'open') {
      if (!parking.isParked) tellShut(name, way.gate, now, context.emit)
      parking.park(now)
    } else if (now.state === 'closed') resume()
  })

  const consumer: Consumer = await context.queues.consume(
    name,
    (taken, signal) => runJob(taken, way.gate, parking, capacity, way.context, signal),
    { ...context, concurrency: Math.min(1, capacity.sessions), onError: context.onStoreFault },
  )
  if (circuit().state === 'closed') fit()

  return {
    name,
    get isParked() {
      return parking.isParked
    },
    hold: (isHeld) => capacity.hold(isHeld),
    quiet: () => consumer.quiet(),
    stop: async (deadlineMs, graceMs) => {
      const until = performance.now() + deadlineMs + graceMs
      unsubscribe()
      await stopTaking(consumer, parking, way, deadlineMs, graceMs)
      stopping.abort()
      capacity.close()
      await way.close(Math.max(0, until - performance.now()))
    },
  }
}

/** Lets running deliveries finish; what has not even a session yet goes back at once. */
async function stopTaking(
  consumer: Consumer,
  parking: Parking,
  way: Way,
  deadlineMs: number,
  graceMs: number,
): Promise<void> {
  parking.close()
  consumer.quiet()
  way.stopLogins()
  await consumer.stop(deadlineMs, graceMs)
}
