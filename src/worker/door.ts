import type { Session } from '../connections/session.ts'
import type { Gate } from './gate.ts'

/** The session that an attempt uses, and a fresh one when it turns out to be dead. */
export interface Door extends Disposable {
  readonly session: Session
  /** Gives the dead session back and takes another; false when none can be had now. */
  renew(): Promise<boolean>
  /** Something came of the last session: those that end from now on are counted anew. */
  advance(): void
}

/** More sessions in a row that end with nothing done than this are no coincidence. */
const MAX_RENEWALS = 10

/** Holds `session` until it is disposed of. */
export function openDoor(gate: Gate, session: Session, signal: AbortSignal): Door {
  let current: Session | undefined = session
  let last = session
  let renewals = 0
  const leave = (): void => {
    if (current) gate.leave(current)
    current = undefined
  }
  return {
    get session() {
      return last
    },
    renew: async () => {
      leave()
      renewals += 1
      if (renewals > MAX_RENEWALS) return false
      const entered = await gate.enter(signal)
      if (entered.kind !== 'session') return false
      current = entered.session
      last = entered.session
      return true
    },
    advance: () => {
      renewals = 0
    },
    [Symbol.dispose]: leave,
  }
}
