import { remedyOf } from '../fleet/cause-remedy.ts'
import { NEVER, type Circuit } from '../fleet/circuit.ts'
import type { Health, ManagerKey } from '../fleet/health.ts'
import type { Emit } from './events.ts'
import { judgedOf } from './judged.ts'

interface TellContext {
  readonly health: Health
  readonly emit: Emit
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** Tells that a name's manager cannot be used, why, who found it out, and when it is tried again. */
export function tellShut(
  connection: string,
  key: ManagerKey,
  circuit: Extract<Circuit, { state: 'open' }>,
  { health, emit, now }: TellContext,
  perMinute?: number,
): void {
  const manager = key.name
  const { by, cause } = health.found(key)
  const leftMs = Math.max(0, Math.round(circuit.until - now()))
  const foundBy = by === undefined ? {} : { foundBy: by }
  const judged = judgedOf(cause)
  const advice = cause && remedyOf(cause)
  if (circuit.blames === 'throttle') {
    const slower = perMinute === undefined ? {} : { perMinute }
    const retryInMs = leftMs
    emit({ event: 'throttled', connection, manager, retryInMs, ...slower, ...foundBy, ...judged })
    return
  }
  emit({
    event: 'parked',
    connection,
    manager,
    blames: circuit.blames,
    reason: cause?.reason ?? 'cannot be used',
    retryInMs: circuit.until === NEVER ? undefined : leftMs,
    ...foundBy,
    ...judged,
    ...(cause?.problem !== undefined && { problem: cause.problem }),
    ...(advice !== undefined && { advice }),
  })
}

/** Tells that a name's manager can be used again, and who found it out. */
export function tellOpen(
  connection: string,
  key: ManagerKey,
  parkedMs: number,
  { health, emit }: TellContext,
): void {
  const { by } = health.found(key)
  const foundBy = by === undefined ? {} : { foundBy: by }
  emit({ event: 'resumed', connection, manager: key.name, parkedMs, ...foundBy })
}

/** Tells at the start that a name's manager can be used, and who found it out. */
export function tellVerified(
  connection: string,
  key: ManagerKey,
  { health, emit }: Pick<TellContext, 'health' | 'emit'>,
): void {
  const { by } = health.found(key)
  const foundBy = by === undefined ? {} : { foundBy: by }
  emit({ event: 'verified', connection, manager: key.name, ...foundBy })
}
