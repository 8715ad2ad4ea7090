/** Where a message that was sent ahead of an answer came to nothing, before its body was asked for. */
export type Stumble =
  /** The session ended. */
  | 'ended'
  /** The answer to the message before did not come soon. */
  | 'late'
  /** What was sent ahead was not heard, or one answer too many came. */
  | 'out-of-step'

/** How far a server is, and whether it pays to speak to it ahead of its answers. */
export interface Reach {
  /** Whether the next message may gain by following behind the final dot of the one before. */
  readonly isWorthIt: boolean
  /** A sender was accepted so long after it was named; only for servers that offer PIPELINING. */
  readonly heardOfMail: (ms: number) => void
  /** A message was accepted so long after its final dot. */
  readonly heardOfDot: (ms: number) => void
  /** A message that was sent ahead was asked for its body. */
  readonly followed: () => void
  readonly stumbled: (how: Stumble) => void
}

/** Nearer servers answer before the next message could be ready. */
const FAR_MS = 10
/** Whoever takes longer for a message is waited for, not spoken to meanwhile. */
const SLOW_MS = 1_000
/** So many answers tell how far it is; after as many again the older ones count no more. */
const FIRST_LOOKS = 10
const LOOKS = 64
const FIRST_REST_MS = 60_000
const LONGEST_REST_MS = 4 * 60 * 60_000
/** So many that went well show that an end of a session was an end like any other. */
const PROVEN = 20

/** Knows nothing at first, and then it is not worth it. */
export function createReach(now: () => number = () => performance.now()): Reach {
  const trip = createLeast()
  let dotMs = 0
  let proven = 0
  let rests = 0
  let restsUntil = -Infinity

  const rest = (): void => {
    restsUntil = now() + Math.min(FIRST_REST_MS * 2 ** rests, LONGEST_REST_MS)
    rests += 1
  }
  return {
    get isWorthIt() {
      return trip.now >= FAR_MS && dotMs <= SLOW_MS && now() >= restsUntil
    },
    heardOfMail: trip.learn,
    heardOfDot: (ms) => {
      // No answer comes sooner than the way is long: also known while all messages follow each other.
      trip.learn(ms)
      dotMs = Math.max(ms, dotMs * 0.75)
    },
    followed: () => {
      proven += 1
    },
    stumbled: (how) => {
      if (how === 'out-of-step') restsUntil = now() + LONGEST_REST_MS
      else if (how === 'late' || proven < PROVEN) rest()
      else rests = 0
      proven = 0
    },
  }
}

/** The least of the last answers: a single one may have met a busy machine. */
function createLeast(): { readonly now: number; readonly learn: (ms: number) => void } {
  let looks = 0
  let older = Infinity
  let newer = Infinity
  return {
    get now() {
      return looks < FIRST_LOOKS && older === Infinity ? 0 : Math.min(older, newer)
    },
    learn: (ms) => {
      newer = Math.min(newer, ms)
      looks += 1
      if (looks < LOOKS) return
      older = newer
      newer = Infinity
      looks = 0
    },
  }
}
