import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { ResolvedManager } from '../connections/secrets.ts'
import { UNKNOWN, type Circuit } from '../fleet/circuit.ts'
import type { Health } from '../fleet/health.ts'
import type { LeaseHolder } from '../fleet/lease.ts'
import type { Consumer } from '../queue/queues.ts'
import { leaseCapacity, type Capacity, type Hold } from './capacity.ts'
import type { LaneContext } from './lane.ts'
import { createPacing, type Pacing } from './pacing.ts'
import { createParking, type Parking } from './parking.ts'
import { followPause, type Pause, type PauseTurns } from './pause.ts'
import { createTap, type Tap, type TapParts } from './tap.ts'
import { createWay, type Stops, type Way } from './way.ts'

/** How mail of a name flows: the way to its manager, and the tap that follows the manager's health. */
export interface Flow {
  readonly way: Way
  readonly parking: Parking
  readonly capacity: Capacity
  readonly pacing: Pacing
  readonly tap: Tap
  readonly pause: Pause
  /** Tells how many deliveries run now. */
  load(running: number): void
  /** Lets mail in from now on: there is somebody who takes it. */
  readonly begin: () => void
  /** Learns no more from the manager's health, and looks no more whether mail can flow. */
  close(): void
}

/** Makes the flow through `resolved` for what `consumer` takes. */
export function createFlow(
  name: string,
  resolved: ResolvedManager,
  context: LaneContext,
  consumer: () => Consumer,
  ended: AbortSignal,
): Flow {
  const { health, leases, onStoreFault } = context
  const stops = (): Stops => ({ parking, pause })
  const way = createWay(name, resolved, context, stops, ended, () => turn())
  const circuit = (): Circuit => health.circuit(way.gate.key)
  const limit = (): number => way.gate.resolved.manager.limits.sessions
  const turns = pauseTurns(health, way, () => ({ capacity, parking }))
  const pause = followPause(name, way.gate.key.name, context, turns)
  const holds: readonly Hold[] = pause.isOn ? ['pause'] : []
  const start = createStart(consumer, () => tap)
  const capacity = leaseCapacity(leases, way.gate.key.name, limit(), holds, start)
  const hold = (isHeld: boolean): void => capacity.hold('rate', isHeld)
  const manager = (): ConnectionManager => way.context.manager
  const pacing = createPacing(name, { ...context, ...start, hold, manager })
  const share = context.inFlight.join(start.onChange)
  const parts = (): TapParts => ({ way, parking, capacity, pacing, share, consumer: consumer() })
  const tap = createTap(name, context, parts)
  const parking = createParking({
    now: context.now,
    keepMs: context.retry.giveUpAfterMs,
    onPark: () => consumer().park(),
    onFault: onStoreFault,
    spansOfFleet: () => [health.parkedSpans(way.gate.key.name), pause.spans(), pacing.spans].flat(),
    look: () => way.renew().then(ask),
  })

  /** Logs in, when health allows it, to find out whether mail can flow. */
  async function ask(): Promise<Circuit> {
    // Who has no session must not be the one who asks for all.
    if (pause.isOn || capacity.sessions === 0) return UNKNOWN
    await way.gate.probe(ended)
    if (circuit().state === 'closed') tap.open()
    return circuit()
  }

  /** Another manager than before: nothing is taken until one session has been let in. */
  function turn(): void {
    capacity.resize(limit())
    const now = circuit()
    if (now.state === 'closed') tap.open()
    else if (now.state === 'open') tap.shut(now)
    else {
      parking.park(now)
      ask().catch(onStoreFault)
    }
  }

  const unsubscribe = followHealth(health, way, tap)
  const close = (): void => {
    unsubscribe()
    share.leave()
    for (const one of [pause, pacing, parking]) one.close()
  }
  const load = (running: number): void => {
    for (const one of [capacity, share]) one.load(running)
  }
  return { way, parking, capacity, pacing, tap, pause, load, begin: start.begin, close }
}

function pauseTurns(
  health: Health,
  way: Way,
  flow: () => Pick<Flow, 'capacity' | 'parking'>,
): PauseTurns {
  return {
    hold: (isHeld) => flow().capacity.hold('pause', isHeld),
    askAgain: (mendedAt) => {
      health.askAgain(way.gate.key, mendedAt)
      flow().parking.lookNow()
    },
  }
}

/** What becomes of the capacity counts from `begin` on: before there is no consumer to tell. */
function createStart(consumer: () => Consumer, tap: () => Tap): LeaseHolder & Pick<Flow, 'begin'> {
  let hasBegun = false
  const onChange = (): void => {
    if (hasBegun) tap().fit()
  }
  return {
    onChange,
    onLost: () => {
      if (hasBegun) consumer().interrupt()
    },
    begin: () => {
      hasBegun = true
      onChange()
    },
  }
}

function followHealth(health: Health, way: Way, tap: Tap): () => void {
  return health.onChange(({ name, digest }, now) => {
    if (name !== way.gate.key.name || digest !== way.gate.key.digest) return
    if (now.state === 'open') tap.shut(now)
    else if (now.state === 'closed') tap.open()
  })
}
