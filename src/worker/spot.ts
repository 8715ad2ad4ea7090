import type { Session } from '../connections/session.ts'
import type { Offered } from './door.ts'
import type { Flow } from './flow.ts'
import type { Following } from './free-line.ts'
import type { Turn } from './running.ts'
import type { Entry, Leg } from './way.ts'

/** The place in a session behind a message that waits for the answer to its final dot. */
export interface Spot extends Following, Omit<Leg, 'resolved'> {
  /** Of the message before, whose place becomes free when that is over. */
  readonly turn: Turn
  readonly isTaken: boolean
  /** Who takes the session gives it back, as any other. */
  use(): Session
}

/** Offers the next message the place in `session` behind that of `turn`, where messages follow each other. */
export function offerBehind(
  { tap, way, capacity }: Flow,
  leg: Omit<Leg, 'resolved'>,
  session: Session,
  turn: Turn,
): Offered | undefined {
  // While places pass from message to message, nobody else looks.
  tap.look()
  if (!tap.isFollowed) return undefined
  const { gate, context } = leg
  const isOpen = (): boolean =>
    way.gate === gate && context.health.circuit(gate.key).state === 'closed'
  const spot = createSpot(leg, session, turn, isOpen)
  const withdraw = capacity.offer(spot)
  return {
    get isTaken() {
      return spot.isTaken
    },
    withdraw,
  }
}

/** Comes in where a message has offered its place. */
export function enterBehind(spot: Spot): Entry {
  const { gate, context } = spot
  return { gate, context, entered: { kind: 'session', session: spot.use() } }
}

/** Makes the place in `session` that the message of `turn` offers, as long as `mayTake` says. */
function createSpot(
  { gate, context }: Omit<Leg, 'resolved'>,
  session: Session,
  turn: Turn,
  mayTake: () => boolean,
): Spot {
  let isTaken = false
  let isUsed = false
  return {
    gate,
    context,
    turn,
    get isTaken() {
      return isTaken
    },
    take: () => {
      isTaken = mayTake() && gate.follow(session)
      return isTaken
    },
    use: () => {
      isUsed = true
      return session
    },
    giveBack: () => {
      if (!isUsed) gate.leave(session)
    },
  }
}
