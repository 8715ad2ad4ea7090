import type { Acquired, Waiter } from './acquired.ts'
import type { Following } from './following.ts'
import type { LoginOptions } from './login.ts'
import type { PoolEvent } from './pool-event.ts'
import type { SeatHolder } from './seats.ts'
import type { ResolvedManager } from './secrets.ts'
import type { Session } from './session.ts'

/** What all logins of the process have together. */
export type Shared = Pick<LoginOptions, 'tokens' | 'kerberos'>

/** One open session of a pool. */
export interface Entry {
  readonly session: Session
  /** Runs on while the session is busy, where it means nothing: cheaper than to clear it. */
  idleTimer: NodeJS.Timeout | undefined
  isStale: boolean
  /** Who have it: nobody, one, or two where one may follow. */
  holders: number
}

/** A pool's sessions, and who waits for one. */
export interface PoolState {
  readonly resolved: ResolvedManager
  readonly shared: Shared
  /** Those of sessions that are open, being opened or being closed. */
  readonly seats: SeatHolder
  readonly emit: (event: PoolEvent) => void
  readonly entries: Map<Session, Entry>
  /** The one that was used last is at the end, and is taken first. */
  readonly idle: Entry[]
  readonly waiting: Set<Waiter>
  readonly following: Following
  readonly logins: AbortController
  isClosed: boolean
}

/** Gives the session to one more. */
export function hold(entry: Entry): Acquired {
  entry.holders += 1
  return { kind: 'session', session: entry.session }
}

/** A session whose message is followed by none yet; one that is to be closed soon has no more. */
export function entryToFollow({
  resolved,
  entries,
  seats,
  following,
}: PoolState): Entry | undefined {
  if (!following.isWorthIt || seats.isOver) return undefined
  const { messagesPerSession } = resolved.manager.limits
  for (const entry of entries.values()) {
    const { session, holders } = entry
    const isFresh = session.messages + holders < messagesPerSession
    if (holders === 1 && isFresh && session.isUsable && session.mayFollow) return entry
  }
  return undefined
}
