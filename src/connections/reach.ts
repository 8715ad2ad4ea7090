import { createDistance, type Trip } from './distance.ts'

/** Where a message that was sent ahead of an answer came to nothing, before its body was asked for. */
export type Stumble =
  /** The session ended. */
  | 'ended'
  /** The answer to the message before did not come soon. */
  | 'late'
  /** What was sent ahead was not heard, or one answer too many came. */
  | 'out-of-step'
  /** The message before never got its answer: perhaps for what was behind it. */
  | 'lost'

/** Whether it pays, and does no harm, to speak to a server ahead of its answers. */
export interface Reach {
  /** Whether the next message may gain by following behind the final dot of the one before. */
  readonly isWorthIt: boolean
  /**
   * Whether the next message may follow over `session` now. As long as none that followed was heard,
   * messages follow each other over one session at a time, until it calls `leave`: what harms a message
   * is not to harm one of each session.
   */
  readonly admit: (session: object) => boolean
  readonly leave: (session: object) => void
  /** A sender was accepted; only for servers that offer PIPELINING. */
  readonly heardOfMail: (trip: Trip) => void
  /** A message was accepted so long after its final dot, and `wholeMs` after it began. */
  readonly heardOfDot: (trip: Trip, wholeMs: number) => void
  /** A message that was sent ahead was asked for its body, or refused. */
  readonly followed: (isRefused: boolean) => void
  readonly stumbled: (how: Stumble) => void
  /** An answer is awaited behind which somebody has given up: what came of it is told to `cleared`. */
  readonly doubted: () => void
  readonly cleared: () => void
}

/** Whoever takes longer for a message is waited for, not spoken to meanwhile. */
const SLOW_MS = 1_000
const FIRST_REST_MS = 60_000
const LONGEST_REST_MS = 4 * 60 * 60_000
/** So many that went well show that an end of a session was an end like any other. */
const PROVEN = 20
/** Of so many that followed a fifth may be refused: each of these is offered a second time. */
const LOOKS = 20
const MOST_REFUSED = 4

/** Knows nothing at first, and then it is not worth it. */
export function createReach(now: () => number = () => performance.now()): Reach {
  const distance = createDistance()
  const refusals = createRefusals()
  let dotMs = 0
  let wholeMs = 0
  let proven = 0
  let rests = 0
  let restsUntil = -Infinity
  let doubts = 0
  let trial: object | undefined

  const rest = (ms: number): void => {
    restsUntil = Math.max(restsUntil, now() + ms)
  }
  const restLonger = (): void => {
    // Sessions that end together are one sign.
    if (now() < restsUntil) return
    rest(Math.min(FIRST_REST_MS * 2 ** rests, LONGEST_REST_MS))
    rests += 1
  }
  const isWorthIt = (): boolean => {
    const isSoon = dotMs <= SLOW_MS && wholeMs <= SLOW_MS
    return isSoon && doubts === 0 && distance.isFar && now() >= restsUntil
  }
  return {
    get isWorthIt() {
      return isWorthIt()
    },
    admit: (session) => {
      if (!isWorthIt()) return false
      if (proven > 0) return true
      trial ??= session
      return trial === session
    },
    leave: (session) => {
      if (trial === session) trial = undefined
    },
    heardOfMail: (trip) => distance.learn(trip),
    heardOfDot: (trip, whole) => {
      distance.learn(trip)
      dotMs = Math.max(trip.ms, dotMs * 0.75)
      wholeMs += (whole - wholeMs) / 8
    },
    followed: (isRefused) => {
      if (!isRefused) proven += 1
      if (refusals.areTooMany(isRefused)) restLonger()
    },
    stumbled: (how) => {
      if (how === 'out-of-step' || how === 'lost') rest(LONGEST_REST_MS)
      else if (how === 'late' || proven < PROVEN) restLonger()
      else rests = 0
      proven = 0
    },
    doubted: () => {
      doubts += 1
    },
    cleared: () => {
      doubts -= 1
    },
  }
}

/** Counts who was refused of those who followed, and says when these are too many. */
function createRefusals(): { readonly areTooMany: (isOneMore: boolean) => boolean } {
  let looks = 0
  let refused = 0
  return {
    areTooMany: (isOneMore) => {
      looks += 1
      if (isOneMore) refused += 1
      const areTooMany = refused >= MOST_REFUSED
      if (areTooMany || looks >= LOOKS) {
        looks = 0
        refused = 0
      }
      return areTooMany
    },
  }
}
