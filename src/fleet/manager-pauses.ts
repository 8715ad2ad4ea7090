import * as z from 'zod'

import { compactSpans, msCoveredBeside, type Span } from './spans.ts'

const moment = z.number()

const recordSchema = z.object({
  current: z.object({ since: moment, reason: z.string().optional() }).readonly().optional(),
  past: z.array(z.object({ from: moment, to: moment }).readonly()).readonly(),
  resumedAt: moment.optional(),
})

/**
 * When operators stopped the use of a connection manager: a state is data, a transition is a
 * function. Points in time are milliseconds of the store's clock.
 *
 * - `current`: the pause that lasts; without it the manager is in use.
 * - `past`: pauses that are over, oldest first: messages do not age by them.
 * - `resumedAt`: when somebody last said that it can be used, paused or not.
 */
export type ManagerPauses = Readonly<z.output<typeof recordSchema>>

/** A manager that nobody has ever paused. */
export const NEVER_PAUSED: ManagerPauses = { past: [] }

const MAX_SPANS = 200

/** Paused from now on; a pause that lasts goes on, with the new reason if there is one. */
export function paused(
  before: ManagerPauses,
  reason: string | undefined,
  now: number,
): ManagerPauses {
  const because = reason ?? before.current?.reason
  const since = before.current?.since ?? now
  return { ...before, current: { since, ...(because !== undefined && { reason: because }) } }
}

/** In use from now on. */
export function resumed(before: ManagerPauses, now: number): ManagerPauses {
  const { current, past } = before
  const ended = current === undefined ? [] : [{ from: current.since, to: now }]
  return { past: compactSpans([...past, ...ended], MAX_SPANS), resumedAt: now }
}

/** The spans in which it was paused; the one that lasts ends now. */
export function pausedSpans({ current, past }: ManagerPauses, now: number): readonly Span[] {
  return current === undefined ? past : [...past, { from: current.since, to: now }]
}

/** How long it was paused after `since`, in milliseconds; what lies in `besides` counts for nothing. */
export function pausedMsSince(
  pauses: ManagerPauses,
  since: number,
  now: number,
  besides: readonly Span[] = [],
): number {
  return msCoveredBeside(pausedSpans(pauses, now), besides, since)
}

/** The record as the store keeps it. */
export function encodePauses(pauses: ManagerPauses): string {
  return JSON.stringify(pauses)
}

/** Reads what `encodePauses` wrote; undefined for anything else. */
export function decodePauses(text: string): ManagerPauses | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
