import type { Circuit } from '../fleet/circuit.ts'
import type { Emit } from './events.ts'
import type { Gate } from './gate.ts'
import { judgedOf, reasonOf } from './judged.ts'

/** Tells that a name's manager cannot be used, why, and when it is tried again. */
export function tellShut(
  connection: string,
  gate: Gate,
  circuit: Extract<Circuit, { state: 'open' }>,
  emit: Emit,
): void {
  const manager = gate.key.name
  const retryInMs = Math.max(0, Math.round(circuit.until - Date.now()))
  const judged = judgedOf(gate.lastFault)
  if (circuit.blames === 'throttle') {
    emit({ event: 'throttled', connection, manager, retryInMs, ...judged })
    return
  }
  const reason = reasonOf('cannot be used:', gate.lastFault)
  emit({
    event: 'parked',
    connection,
    manager,
    blames: circuit.blames,
    reason,
    retryInMs,
    ...judged,
  })
}
