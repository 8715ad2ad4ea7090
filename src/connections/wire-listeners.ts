import type { Reply } from '../smtp/reply.ts'

/** Why nothing more can be said over a wire. */
export interface WireEnd {
  readonly kind: 'closed' | 'protocol' | 'aborted'
  readonly detail: string
}

/** Who hears what comes over a wire; at most one at a time. */
export interface WireListener {
  readonly onReply: (reply: Reply) => void
  /** Nothing follows it. Also called for `destroy`: detach first to end it quietly. */
  readonly onEnd: (end: WireEnd) => void
  /** The system has taken everything that was written. */
  readonly onDrain: () => void
  /** Somebody has followed it, and spoken; or `gave-up` after that. */
  readonly onFollower?: (follower: 'came' | 'gave-up') => void
}

/** Who hears nothing but an end before the listener at its time has gone. */
interface WireFollower extends WireListener {
  /** From now on it is the listener. */
  readonly onTurn: () => void
}

/** What a wire lets its users do who take turns in listening. */
export interface Listening {
  /** Gives what comes to `listener` until `detach`. */
  readonly attach: (listener: WireListener) => void
  /** The listener goes, and who has followed takes its place. */
  readonly detach: () => void
  /** Whether somebody listens. */
  readonly isHeard: () => boolean
  /** Whether somebody has followed the one who listens now. */
  readonly isFollowed: () => boolean
  /** Has `follower` listen as soon as the listener detaches. */
  readonly follow: (follower: WireFollower) => void
  /** Takes the follower away, who has spoken already: the wire is closed when the listener detaches. */
  readonly forsake: () => void
}

/** Who listens to a wire, and who is next. */
export interface WireListeners extends Listening {
  readonly current: () => WireListener | undefined
  /** Both go, and hear why. */
  readonly tellEnd: (why: WireEnd) => void
}

/** Makes them, with nobody there; `close` is called when what comes next is for nobody. */
export function createListeners(close: () => void): WireListeners {
  let listener: WireListener | undefined
  let follower: WireFollower | 'forsaken' | undefined
  return {
    attach: (next) => {
      listener = next
    },
    detach: () => {
      const next = follower
      listener = undefined
      follower = undefined
      if (next === 'forsaken') close()
      else if (next !== undefined) {
        listener = next
        next.onTurn()
      }
    },
    isHeard: () => listener !== undefined,
    isFollowed: () => follower !== undefined,
    follow: (next) => {
      follower = next
      listener?.onFollower?.('came')
    },
    forsake: () => {
      if (follower === undefined || follower === 'forsaken') return
      follower = 'forsaken'
      listener?.onFollower?.('gave-up')
    },
    current: () => listener,
    tellEnd: (why) => {
      const both = [listener, follower]
      listener = undefined
      follower = undefined
      for (const one of both) if (typeof one === 'object') one.onEnd(why)
    },
  }
}
