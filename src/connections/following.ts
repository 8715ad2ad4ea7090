import type { Session } from './session.ts'

/** Nearer servers answer before the next message could be ready. */
const FAR_MS = 5
/** So many messages tell how far it is: a single one may have met a busy machine. */
const LOOKS = 5
/** How long none waits behind another where one has done so in vain. */
const STUMBLED_MS = 10_000

/** Whether messages to one server gain by waiting behind each other in a session. */
export interface Following {
  readonly isWorthIt: boolean
  /** Learns how far the server is. */
  readonly learn: (session: Pick<Session, 'roundTripMs'>) => void
  /** One has waited in vain: the server hangs up after each message, or takes long to answer. */
  readonly stumble: () => void
}

/** Knows nothing at first, and then it is not worth it. */
export function createFollowing(): Following {
  let roundTripMs = Infinity
  let looks = 0
  let restsUntil = 0
  return {
    get isWorthIt() {
      if (looks < LOOKS || roundTripMs === Infinity || roundTripMs < FAR_MS) return false
      return performance.now() >= restsUntil
    },
    learn: (session) => {
      looks += 1
      roundTripMs = Math.min(roundTripMs, session.roundTripMs)
    },
    stumble: () => {
      restsUntil = performance.now() + STUMBLED_MS
    },
  }
}
