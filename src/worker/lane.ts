import type { ResolvedManager } from '../connections/secrets.ts'
import type { Circuit } from '../fleet/circuit.ts'
import type { Health } from '../fleet/health.ts'
import type { Leases } from '../fleet/leases.ts'
import type { Consumer, Queues } from '../queue/queues.ts'
import type { AttemptContext } from './attempt.ts'
import { leaseCapacity } from './capacity.ts'
import { openGate, type Gate } from './gate.ts'
import { createParking, type Parking } from './parking.ts'
import { tellShut } from './parking-events.ts'
import { runJob } from './run-job.ts'

/** What a lane needs of the worker that runs it. */
export interface LaneContext extends Omit<
  AttemptContext,
  'connection' | 'manager' | 'parkedMsSince' | 'learn' | 'isParked'
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
  let way = openWay(name, await context.resolve(name), context, () => parking)
  const circuit = (): Circuit => context.health.circuit(way.gate.key)

  const parking = createParking({
    now: context.now,
    keepMs: context.retry.giveUpAfterMs,
    onPark: () => consumer.park(),
    look: async () => {
      way = await renewed(name, way, context, parking)
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
    } else if (now.state === 'closed') {
      resume()
      fit()
    }
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
      parking.close()
      unsubscribe()
      await consumer.stop(deadlineMs, graceMs)
      stopping.abort()
      capacity.close()
      await way.gate.close(graceMs)
    },
  }
}

/** A manager as it was resolved, and what attempts through it need. */
interface Way {
  readonly gate: Gate
  readonly context: AttemptContext & Pick<LaneContext, 'health'>
}

function openWay(
  connection: string,
  resolved: ResolvedManager,
  context: LaneContext,
  parking: () => Parking,
): Way {
  const gate = openGate(connection, resolved, context.health, context.emit)
  return {
    gate,
    context: {
      ...context,
      connection,
      manager: resolved.manager,
      parkedMsSince: (since) => parking().msSince(since),
      learn: (finding, why) => gate.learn(finding, why),
      isParked: () => parking().isParked,
    },
  }
}

/** The same way, unless a credential has changed: that is another manager, whose health nobody knows. */
async function renewed(
  name: string,
  way: Way,
  context: LaneContext,
  parking: Parking,
): Promise<Way> {
  const fresh = await context.resolve(name).catch(() => way.gate.resolved)
  if (fresh.digest === way.gate.resolved.digest) return way
  void way.gate.close(context.lockMs)
  return openWay(name, fresh, context, () => parking)
}
