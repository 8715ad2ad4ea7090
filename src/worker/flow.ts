import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { ResolvedManager } from '../connections/secrets.ts'
import { UNKNOWN, type Circuit } from '../fleet/circuit.ts'
import type { Health } from '../fleet/health.ts'
import type { LeaseHolder } from '../fleet/lease.ts'
import { leaseCapacity, type Capacity, type Hold } from './capacity.ts'
import type { InFlightShare } from './in-flight.ts'
import type { LaneContext } from './lane.ts'
import { createPacing, type Pacing } from './pacing.ts'
import { tellVerified } from './parking-events.ts'
import { createParking, type Parking } from './parking.ts'
import { followPause, type Pause, type PauseTurns } from './pause.ts'
import { createRunning, type Running } from './running.ts'
import { createStartCheck, type StartCheck } from './start-check.ts'
import { createTap, type Tap, type TapParts } from './tap.ts'
import { createWay, type Stops, type Way } from './way.ts'

/** What a flow turns where all flows of its name meet. */
export interface FlowTurns {
  /** So many deliveries may run through it at once. */
  setConcurrency(sessions: number): void
  /** Whether it is the only one of its name. */
  isAlone(): boolean
  /** Whether mail can be tried through it may have changed. */
  review(): void
  /** Cuts off what runs. */
  interrupt(): void
}

/** How mail flows through one manager: the way to it, and the tap that follows its health. */
export interface Flow {
  /** The manager's name. */
  readonly manager: string
  /** The deliveries that run through it. */
  readonly running: Running
  readonly way: Way
  readonly parking: Parking
  readonly capacity: Capacity
  readonly pacing: Pacing
  readonly tap: Tap
  readonly pause: Pause
  /** Whether it is still to be found out at the start that it can be used. */
  readonly startCheck: StartCheck
  /** Its part of what the whole worker delivers at once. */
  readonly share: InFlightShare
  /** Lets mail in from now on: there is somebody who takes it. */
  readonly begin: () => void
  /** Keeps as many sessions as deliveries that run: the others are free at once. */
  drain(): void
  /** Drains after `close`; resolves when what runs has finished. */
  retire(): Promise<void>
  /** Learns no more from the manager's health, and looks no more whether mail can flow. */
  close(): void
}

/** Makes the flow of `name` through `resolved`; `ended` aborts when its owner waits no longer. */
export function createFlow(
  name: string,
  resolved: ResolvedManager,
  context: LaneContext,
  ended: AbortSignal,
  turns: FlowTurns,
): Flow {
  const { health, leases, onStoreFault } = context
  const stops = (): Stops => ({ parking, pause })
  const way = createWay(name, resolved, context, stops, ended, () => turn())
  const circuit = (): Circuit => health.circuit(way.gate.key)
  const limit = (): number => way.gate.resolved.manager.limits.sessions
  const follow = pauseTurns(health, way, () => ({ capacity, parking }))
  const pause = followPause(name, way.gate.key.name, context, follow)
  const start = createStart(turns, () => ({ tap, startCheck }))
  const capacity = leaseCapacity(leases, way.gate.key.name, limit(), holdsOf(pause), start)
  const hold = (isHeld: boolean): void => capacity.hold('rate', isHeld)
  const manager = (): ConnectionManager => way.context.manager
  const pacing = createPacing(name, { ...context, ...start, hold, manager })
  const share = context.inFlight.join(start.onChange)
  const parts = (): TapParts => ({ way, parking, capacity, pacing, share, turns })
  const tap = createTap(name, context, parts)
  const parking = createParking({
    now: context.now,
    keepMs: context.retry.giveUpAfterMs,
    onPark: () => turns.review(),
    onFault: onStoreFault,
    spansOfFleet: () => [health.parkedSpans(way.gate.key.name), pause.spans(), pacing.spans].flat(),
    look: () => way.renew().then(ask),
  })

  /** Logs in, when health allows it, to find out whether mail can flow. */
  async function ask(): Promise<Circuit> {
    // Who has no session must not be the one who asks for all.
    if (pause.isOn || capacity.sessions === 0) return UNKNOWN
    // The store may take its time to say who is to ask, and an operator may pause it meanwhile.
    await way.gate.probe(ended, () => !pause.isOn)
    if (circuit().state === 'closed') tap.open()
    return circuit()
  }

  /** Another manager than before: nothing is taken until one session has been let in. */
  function turn(): void {
    capacity.resize(limit())
    pacing.review()
    const now = circuit()
    if (now.state === 'closed') tap.open()
    else if (now.state === 'open') tap.shut(now)
    else {
      parking.park(now)
      ask().catch(onStoreFault)
    }
  }

  const startCheck = checkAtStart(name, context, { way, pause, capacity, turns, ask })
  const unsubscribe = followHealth(health, way, tap, turns, startCheck)
  const close = (): void => {
    unsubscribe()
    share.leave()
    for (const one of [pause, pacing, parking, startCheck]) one.close()
    capacity.turnAway()
  }
  const begin = (): void => beginAs(circuit(), start, tap, parking, startCheck)
  const load = createLoad(way, capacity, share, tap, ended, onStoreFault)
  return { ...load, way, parking, capacity, pacing, tap, pause, startCheck, share, begin, close }
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

function holdsOf({ isOn }: Pause): readonly Hold[] {
  return isOn ? ['pause'] : []
}

interface StartCheckParts extends Pick<Flow, 'way' | 'pause' | 'capacity'> {
  readonly turns: FlowTurns
  readonly ask: () => Promise<unknown>
}

/** A member that is spare has a session until it is over, and gives it back then. */
function checkAtStart(
  name: string,
  context: LaneContext,
  { way, pause, capacity, turns, ask }: StartCheckParts,
): StartCheck {
  const { startLine, health } = context
  return createStartCheck({
    isWanted: startLine !== undefined,
    circuit: () => health.circuit(way.gate.key),
    mayAsk: () => !pause.isOn && capacity.sessions > 0,
    ask: () => startLine?.(ask) ?? Promise.resolve(),
    onWorks: () => tellVerified(name, way.gate.key, context),
    onOver: () => turns.review(),
    onFault: context.onStoreFault,
  })
}

/** Begins as the fleet knows the manager already. */
function beginAs(
  found: Circuit,
  start: Pick<Flow, 'begin'>,
  tap: Tap,
  parking: Parking,
  startCheck: StartCheck,
): void {
  start.begin()
  if (found.state === 'open') tap.shut(found)
  // Another worker asks: its answer is waited for.
  else if (found.state === 'half-open') parking.park(found)
  startCheck.look()
}

/** What runs through a way, and how it comes to its end. */
function createLoad(
  way: Way,
  capacity: Capacity,
  share: InFlightShare,
  tap: Tap,
  ended: AbortSignal,
  onFault: (error: unknown) => void,
): Pick<Flow, 'manager' | 'running' | 'drain' | 'retire'> {
  let isDraining = false
  const running = createRunning((now) => {
    for (const one of [capacity, share]) one.load(now)
    if (isDraining) capacity.keep(now)
    tap.look()
  })
  const drain = (): void => {
    isDraining = true
    capacity.keep(running.now)
    // Unused sessions end at once, and busy ones with what they are busy with.
    way.close(Infinity).catch(onFault)
  }
  const retire = async (): Promise<void> => {
    way.stopLogins()
    drain()
    await running.none(ended)
    capacity.close()
  }
  return { manager: way.gate.key.name, running, drain, retire }
}

/** What becomes of the capacity counts from `begin` on: before there is no consumer to tell. */
function createStart(
  turns: FlowTurns,
  flow: () => Pick<Flow, 'tap' | 'startCheck'>,
): LeaseHolder & Pick<Flow, 'begin'> {
  let hasBegun = false
  const onChange = (): void => {
    if (!hasBegun) return
    flow().tap.fit()
    flow().startCheck.look()
  }
  return {
    onChange,
    onLost: () => {
      if (hasBegun) turns.interrupt()
    },
    begin: () => {
      hasBegun = true
      onChange()
    },
  }
}

function followHealth(
  health: Health,
  way: Way,
  tap: Tap,
  turns: FlowTurns,
  startCheck: StartCheck,
): () => void {
  return health.onChange(({ name, digest }, now) => {
    if (name !== way.gate.key.name || digest !== way.gate.key.digest) return
    if (now.state === 'open') tap.shut(now)
    else if (now.state === 'closed') tap.open()
    turns.review()
    startCheck.look()
  })
}
