import { createRandom } from './random.ts'

/** Where a server can misbehave, in the order of a session; `after` is behind the 250 to the dot. */
export const POINTS = [
  'greeting',
  'ehlo',
  'auth',
  'mail',
  'rcpt',
  'data',
  'body',
  'dot',
  'after',
] as const

export type Point = (typeof POINTS)[number]

/**
 * What a server can do instead of answering.
 *
 * | | |
 * |---|---|
 * | `close`, `reset` | ends the connection, in good order or not |
 * | `hang` | never says anything again |
 * | `421`, `4xx`, `5xx` | refuses; behind 421 it closes |
 * | `trickle` | answers byte by byte |
 * | `late` | answers after the client's time-out |
 * | `take-and-drop` | takes the message, and drops the connection before the 250 |
 */
export type Deed =
  'close' | 'reset' | 'hang' | '421' | '4xx' | '5xx' | 'trickle' | 'late' | 'take-and-drop'

export interface Misdeed {
  readonly deed: Deed
  readonly at: Point
}

/** What of the traffic a server misbehaves at. */
export interface Plan {
  readonly seed: string
  readonly misdeeds: readonly Misdeed[]
  /** How many of the messages are hit, from 0 to 1. */
  readonly messages: number
  /** At how many attempts the same message is hit at most. */
  readonly attempts: number
  /** How many of the sessions are hit before they are open, from 0 to 1. */
  readonly sessions: number
}

export const GOOD: Plan = { seed: '', misdeeds: [], messages: 0, attempts: 0, sessions: 0 }

/** Where each misdeed is possible: nothing is refused behind the 250, and a body gets no answer. */
const PLACES: Readonly<Record<Deed, readonly Point[]>> = {
  close: POINTS,
  reset: POINTS,
  hang: POINTS,
  '421': POINTS,
  '4xx': POINTS.filter((at) => at !== 'after'),
  '5xx': POINTS.filter((at) => at !== 'after'),
  trickle: POINTS.filter((at) => at !== 'body' && at !== 'after'),
  late: POINTS.filter((at) => at !== 'body' && at !== 'after'),
  'take-and-drop': ['dot'],
}

export const DEEDS = Object.keys(PLACES) as readonly Deed[]

/** Some misdeeds at every point where they are possible. */
export function everywhere(deeds: readonly Deed[] = DEEDS): readonly Misdeed[] {
  return deeds.flatMap((deed) => PLACES[deed].map((at) => ({ deed, at })))
}

const SESSION_POINTS: readonly Point[] = ['greeting', 'ehlo', 'auth']

/** What happens to the `count`-th session before it is open, if anything. */
export function misdeedOfSession(plan: Plan, count: number): Misdeed | undefined {
  const possible = plan.misdeeds.filter(({ at }) => SESSION_POINTS.includes(at))
  const random = createRandom(plan.seed, 'session', count)
  return possible.length > 0 && random.next() < plan.sessions ? random.pick(possible) : undefined
}

/** What happens to a message at its `attempt`-th attempt, from 1, if anything. */
export function misdeedOfMessage(
  plan: Plan,
  message: number,
  attempt: number,
): Misdeed | undefined {
  const possible = plan.misdeeds.filter(({ at }) => !SESSION_POINTS.includes(at))
  const random = createRandom(plan.seed, 'message', message)
  if (possible.length === 0 || random.next() >= plan.messages) return undefined
  const times = 1 + Math.floor(random.next() * plan.attempts)
  const misdeed = random.pick(possible)
  return attempt <= times ? misdeed : undefined
}
