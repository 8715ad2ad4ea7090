import { adviceAbout } from '../connections/remedies/find.ts'
import type { Cause } from './manager-health.ts'

/**
 * What is wrong and what to do, in whole sentences; undefined when nobody knows.
 *
 * What a login showed is told whole. What was said to a message is told by its name only, because
 * every such message tells it again.
 */
export function remedyOf({ problem, remedy }: Cause): string | undefined {
  return remedy ?? (problem === undefined ? undefined : adviceAbout(problem))
}
