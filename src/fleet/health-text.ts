import * as z from 'zod'

import type { ManagerHealth } from './manager-health.ts'

const moment = z.number()
const blames = z.enum(['manager', 'account', 'throttle'])
const probe = z.object({ by: z.string(), until: moment }).exactOptional()
const failures = z.number()

const circuit = z.discriminatedUnion('state', [
  z.object({ state: z.literal('unknown'), failures, probe }),
  z.object({ state: z.literal('closed'), suspects: z.array(z.string()) }),
  z.object({
    state: z.literal('open'),
    blames,
    since: moment,
    at: moment,
    until: moment,
    failures,
  }),
  z.object({ state: z.literal('half-open'), blames, since: moment, failures, probe }),
])

const cause = z.object({
  reason: z.string().exactOptional(),
  stage: z.string().exactOptional(),
  code: z.number().exactOptional(),
  status: z.string().exactOptional(),
  rule: z.string().exactOptional(),
  problem: z.string().exactOptional(),
  remedy: z.string().exactOptional(),
  conversation: z.array(z.string()).exactOptional(),
})

const entry = z.object({
  circuit,
  by: z.string().exactOptional(),
  cause: cause.exactOptional(),
  usedAt: moment,
})

const recordSchema: z.ZodType<ManagerHealth> = z.object({
  entries: z.record(z.string(), entry),
  parkedSince: moment.exactOptional(),
  past: z.array(z.object({ from: moment, to: moment })),
})

/** The record as the store keeps it. */
export function encodeHealth(health: ManagerHealth): string {
  return JSON.stringify(health)
}

/**
 * Reads what `encodeHealth` wrote; undefined for anything else. Whoever cannot read it knows nothing,
 * and finds it out with one login.
 */
export function decodeHealth(text: string): ManagerHealth | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
