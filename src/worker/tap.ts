import type { Circuit } from '../fleet/circuit.ts'
import type { Capacity } from './capacity.ts'
import type { FlowTurns } from './flow.ts'
import type { LaneContext } from './lane.ts'
import type { InFlightShare } from './in-flight.ts'
import type { Pacing } from './pacing.ts'
import type { Parking } from './parking.ts'
import { tellOpen, tellShut } from './parking-events.ts'
import type { Way } from './way.ts'

/** What lets mail through a manager or keeps it out; every change of health ends in one of its three turns. */
export interface Tap {
  /** Whether the manager cannot be used, as it was told. */
  readonly isShut: boolean
  /**
   * Lets as many jobs run as the manager allows: while it is not known to work, one. To a server that is
   * far away as many again are ready to follow them.
   */
  fit(): void
  /** Whether messages may follow each other. */
  readonly isFollowed: boolean
  /** Looks whether the server is still as far away, or as near. */
  look(): void
  /** Takes again. */
  open(): void
  /** Takes nothing more, tells why, and looks again when the circuit says. */
  shut(circuit: Extract<Circuit, { state: 'open' }>): void
}

/** What a tap turns, and what it looks at. */
export interface TapParts {
  readonly way: Way
  readonly parking: Parking
  readonly capacity: Capacity
  readonly pacing: Pacing
  readonly share: InFlightShare
  readonly turns: FlowTurns
}

/** Makes the tap of a manager for a name; it stands as the flow was made. */
export function createTap(name: string, context: LaneContext, parts: () => TapParts): Tap {
  /** The digest of the manager that was told to be shut. */
  let shutDigest: string | undefined
  let wasFar = false

  const fit = (): void => {
    const { way, capacity, pacing, share, turns } = parts()
    const isKnownToWork = context.health.circuit(way.gate.key).state === 'closed'
    const wanted = Math.min(capacity.sessions, isKnownToWork ? pacing.most : 1)
    wasFar = way.gate.isFar() && turns.isAlone()
    const granted = share.grant(wanted)
    // Where the pace or other names keep sessions waiting, nothing is gained.
    const isFollowed = wasFar && isKnownToWork && granted === capacity.sessions
    turns.setConcurrency(isFollowed ? granted * 2 : granted)
  }
  return {
    get isShut() {
      return shutDigest !== undefined
    },
    fit,
    get isFollowed() {
      return wasFar
    },
    look: () => {
      const { way, turns, capacity } = parts()
      // What still runs through a flow that was left takes nobody's place.
      if (capacity.isClosed) return
      if ((way.gate.isFar() && turns.isAlone()) !== wasFar) fit()
    },
    open: () => {
      const { way, parking, turns } = parts()
      fit()
      const parkedMs = parking.unpark()
      if (parkedMs === undefined) return
      turns.review()
      // A pause in which nothing was shut, while a changed manager was asked, is no news.
      if (shutDigest === undefined) return
      shutDigest = undefined
      tellOpen(name, way.gate.key, parkedMs, context)
    },
    shut: (circuit) => {
      const { way, parking, pacing } = parts()
      const { key } = way.gate
      const isNews = shutDigest !== key.digest
      shutDigest = key.digest
      parking.park(circuit)
      if (circuit.blames === 'throttle') {
        const tell = (perMinute?: number): void => {
          if (isNews) tellShut(name, key, circuit, context, perMinute)
        }
        pacing.slowDown(circuit.at).then(tell, (error: unknown) => {
          context.onStoreFault(error)
          tell()
        })
      } else if (isNews) tellShut(name, key, circuit, context)
    },
  }
}
