import type { Session } from '../connections/session.ts'
import type { Gate } from './gate.ts'
import { placed, type Turn } from './running.ts'

/** The session that an attempt uses, and a fresh one when it turns out to be dead. */
export interface Door extends Disposable {
  readonly session: Session
  /** Whether more can be sent over the session: it is open, and nobody else has it. */
  readonly isUsable: boolean
  /** Gives the dead session back and takes another; false when none can be had now. */
  renew(): Promise<boolean>
  /** Something came of the last session: those that end from now on are counted anew. */
  advance(): void
  /** The last final dot of the attempt has left: the next message may follow until it is `answered`. */
  dotSent(): void
  answered(): void
}

/** What the next message is offered. */
export interface Offered {
  readonly isTaken: boolean
  withdraw(): void
}

export interface DoorOptions {
  readonly turn: Turn
  /** Offers the place behind the last message of `session`; absent when that is not worth it. */
  readonly offer: (session: Session) => Offered | undefined
}

/** More sessions in a row that end with nothing done than this are no coincidence. */
const MAX_RENEWALS = 10
/** How long the message before may take to be settled, when the session that both had has ended. */
const SETTLED_MS = 5_000

/** Holds `session` until it is disposed of. */
export function openDoor(
  gate: Gate,
  session: Session,
  { turn, offer }: DoorOptions,
  signal: AbortSignal,
): Door {
  let current: Session | undefined = session
  let last = session
  let renewals = 0
  let offered: Offered | undefined
  const leave = (): void => {
    offered?.withdraw()
    if (current) gate.leave(current)
    current = undefined
  }
  return {
    get session() {
      return last
    },
    get isUsable() {
      return last.isUsable && offered?.isTaken !== true
    },
    renew: async () => {
      leave()
      renewals += 1
      // Whoever has let another one follow has no place for a session more.
      if (renewals > MAX_RENEWALS || offered?.isTaken === true) return false
      if (!(await placed(turn, SETTLED_MS, signal))) return false
      const entered = await gate.enter(signal)
      if (entered.kind !== 'session') return false
      current = entered.session
      last = entered.session
      return true
    },
    advance: () => {
      renewals = 0
    },
    dotSent: () => {
      offered = offer(last)
    },
    answered: () => {
      offered?.withdraw()
      // Who has followed is alone with it now, and can be followed at once.
      if (offered?.isTaken === true) leave()
    },
    [Symbol.dispose]: leave,
  }
}
