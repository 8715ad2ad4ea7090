import { hash } from 'node:crypto'

import * as z from 'zod'

/** Content that lies beside the queue: its digest names it, and tells whether it is whole. */
export interface ContentRef {
  /** In hexadecimal, lower case. */
  readonly sha256: string
  readonly bytes: number
}

/** Where bytes of a message are: in the job as base64 without line breaks, or beside the queue. */
export type Placed =
  | { readonly content: string; readonly ref?: never }
  | { readonly ref: ContentRef; readonly content?: never }

/** A reference as it stands in a job. */
export const contentRefSchema = z.strictObject({
  sha256: z.string().regex(/^[\da-f]{64}$/, 'expected a SHA-256 digest in hexadecimal'),
  bytes: z.int().min(0),
})

/** The reference to `bytes`, wherever they are put. */
export function refOf(bytes: Uint8Array): ContentRef {
  return { sha256: hash('sha256', bytes, 'hex'), bytes: bytes.byteLength }
}
