import type { Health } from '../fleet/health.ts'
import type { Emit } from './events.ts'
import type { Flow } from './flow.ts'
import { standingOfFlow, type RouteContext } from './route.ts'

interface TellContext extends RouteContext {
  readonly health: Health
  readonly emit: Emit
}

/** Tells that a group's mail takes another way from now on, and why. */
export function tellSwitch(
  connection: string,
  flows: readonly Flow[],
  before: Flow,
  next: Flow,
  context: TellContext,
): void {
  const { health, emit, now } = context
  const switched = { connection, from: before.manager, to: next.manager }
  if (flows.indexOf(next) < flows.indexOf(before)) {
    emit({ ...switched, event: 'failed-back', why: 'usable' })
    return
  }
  const standing = standingOfFlow(before, context)
  if (standing.kind !== 'unusable') {
    emit({ ...switched, event: 'failed-over', why: 'order', reason: 'the order was changed' })
    return
  }
  const { why, since } = standing
  const { cause } = health.found(before.way.gate.key)
  const reason = why === 'paused' ? 'an operator paused it' : (cause?.reason ?? 'cannot be used')
  const unusableMs = Math.max(0, Math.round(now() - since))
  emit({ ...switched, event: 'failed-over', why, reason, unusableMs })
}
