import * as z from 'zod'

import type { Fault } from '../../../smtp/fault.ts'

/** Why a token endpoint gave nothing, for those who would ask it the same. */
export interface SharedRefusal {
  /** Differs from that of every other refusal. */
  readonly id: string
  readonly fault: Fault
}

const schema = z.object({
  id: z.string(),
  fault: z.object({
    kind: z.enum(['auth', 'refused', 'timeout']),
    stage: z.literal('auth'),
    detail: z.string(),
    cause: z.string().exactOptional(),
  }),
})

/** The refusal as a text; undefined for one that is nobody else's, such as of a login that was ended. */
export function writeRefusal(refusal: SharedRefusal): string | undefined {
  return schema.safeParse(refusal).success ? JSON.stringify(refusal) : undefined
}

/** What `writeRefusal` has written; undefined for anything else. */
export function readRefusal(text: string): SharedRefusal | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
