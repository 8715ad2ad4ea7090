import { HELD_STATES, type HeldQuery } from '../producer/held.ts'
import { UsageError } from './errors.ts'

/** The options that say which held messages a command is about. */
export const HELD_OPTIONS = {
  state: { type: 'string' },
  connection: { type: 'string' },
} as const

/** The query that the options ask for. Throws `UsageError` for a state in which nothing is held. */
export function heldQueryOf({
  state: given,
  connection,
}: {
  readonly state?: string | undefined
  readonly connection?: string | undefined
}): Pick<HeldQuery, 'state' | 'connection'> {
  const state = HELD_STATES.find((known) => known === given)
  if (given !== undefined && state === undefined) {
    throw new UsageError(
      `"--state" expects ${HELD_STATES.join(', ')}, got ${JSON.stringify(given)}`,
    )
  }
  return { ...(state !== undefined && { state }), ...(connection !== undefined && { connection }) }
}
