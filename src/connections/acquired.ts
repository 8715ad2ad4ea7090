import type { Fault } from '../smtp/fault.ts'
import type { Session } from './session.ts'

/** A session, for the caller alone until it is released; or why there is none. */
export type Acquired =
  | { readonly kind: 'session'; readonly session: Session }
  | {
      readonly kind: 'fault'
      readonly fault: Fault
      /** Who said what in the login that failed; absent when there was none. */
      readonly conversation?: readonly string[]
    }

/** A caller for whom no session is free yet. */
export interface Waiter {
  readonly serve: (acquired: Acquired | Promise<Acquired>) => void
  readonly signal: AbortSignal | undefined
}

export const GIVEN_UP: Acquired = {
  kind: 'fault',
  fault: { kind: 'aborted', stage: 'connect', detail: 'ended from our side' },
}

/** Stands in line in `waiting` until somebody serves it, or `signal` ends the wait; never rejects. */
export function waitForSession(
  waiting: Set<Waiter>,
  signal: AbortSignal | undefined,
): Promise<Acquired> {
  return new Promise((resolve) => {
    const giveUp = () => {
      waiting.delete(waiter)
      resolve(GIVEN_UP)
    }
    const waiter: Waiter = {
      signal,
      serve: (acquired) => {
        waiting.delete(waiter)
        signal?.removeEventListener('abort', giveUp)
        resolve(acquired)
      },
    }
    waiting.add(waiter)
    signal?.addEventListener('abort', giveUp)
  })
}
