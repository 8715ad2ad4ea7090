import { pausedSpans, type ManagerPauses } from '../fleet/manager-pauses.ts'
import type { PauseWatch } from '../fleet/pause-watch.ts'
import type { Span } from '../fleet/spans.ts'
import type { Emit } from './events.ts'

/** Whether an operator has paused the manager of a name, now and before. */
export interface Pause {
  readonly isOn: boolean
  /** Since when it is paused, by the store's clock. */
  readonly since: number | undefined
  /** The spans in which it was paused, by the store's clock; the one that lasts ends now. */
  spans(): readonly Span[]
  /** Follows no more. */
  close(): void
}

/** What a pause turns. */
export interface PauseTurns {
  /** Takes nothing while held; what runs goes on. */
  hold(isHeld: boolean): void
  /** Tries a manager that could not be used again, at once, unless it was tried since `mendedAt`. */
  askAgain(mendedAt: number): void
}

export interface PauseContext {
  readonly pauses: PauseWatch
  readonly emit: Emit
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** Follows what operators say of `manager`; turns nothing before the first change. */
export function followPause(
  connection: string,
  manager: string,
  { pauses, emit, now }: PauseContext,
  turns: PauseTurns,
): Pause {
  let known = pauses.of(manager)

  const tell = (): void => {
    if (known.current === undefined) return
    const { reason = '' } = known.current
    emit({ event: 'paused', connection, manager, reason })
  }
  const follow = (name: string, fresh: ManagerPauses): void => {
    if (name !== manager) return
    const before = known
    known = fresh
    if (fresh.current !== undefined) {
      if (before.current === undefined) turns.hold(true)
      if (before.current?.reason !== fresh.current.reason || before.current === undefined) tell()
      return
    }
    if (before.current !== undefined) {
      const pausedMs = Math.max(0, Math.round(now() - before.current.since))
      emit({ event: 'pause-ended', connection, manager, pausedMs })
      turns.hold(false)
    }
    if (fresh.resumedAt !== undefined && fresh.resumedAt !== before.resumedAt) {
      turns.askAgain(fresh.resumedAt)
    }
  }

  tell()
  const unsubscribe = pauses.onChange(follow)
  return {
    get isOn() {
      return known.current !== undefined
    },
    get since() {
      return known.current?.since
    },
    spans: () => pausedSpans(known, now()),
    close: unsubscribe,
  }
}
