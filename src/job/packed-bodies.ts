import { promisify } from 'node:util'
import { deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib'

import { MAX_PACKED_BYTES } from './limits.ts'
import { property } from './property.ts'
import type { JobMessage, SendMailJob } from './send-mail-job.ts'

/** The version of a job whose bodies are packed. */
export const PACKED_VERSION = 3

/** A job as it waits in the queue, its bodies in `packed` when that is shorter. */
export type StoredJob = SendMailJob | PackedJob

interface PackedJob extends Omit<SendMailJob, 'version' | 'message' | 'raw'> {
  readonly version: typeof PACKED_VERSION
  readonly message: Omit<JobMessage, 'text' | 'html'> & {
    /** Base64 of the raw deflate of the text, a NUL, and the HTML. */
    readonly packed: string
  }
}

/**
 * Shorter ones are not worth the time of worker and producer.
 *
 * Measured for mail of 1 to 30 kB: Zstandard saves no byte more, and takes twice as long to unpack, because
 * Node makes a decoder for each; higher levels take longer and save next to nothing.
 */
const MIN_BYTES = 1_024
/** Longer ones are packed beside the event loop, which they would hold up for milliseconds. */
const MAX_LENGTH_AT_ONCE = 131_072
const OPTIONS = { level: 1 } as const
const NUL = '\0'

const deflate = promisify(deflateRaw)

/** Packs the bodies of a job when they are long enough, and shorter so. Both share what they repeat. */
export function packBodies(job: SendMailJob): StoredJob | Promise<StoredJob> {
  const { text = '', html = '' } = job.message ?? {}
  const length = text.length + html.length
  if (job.message === undefined || length < MIN_BYTES || length > MAX_PACKED_BYTES) return job
  // No body has a NUL: it could not be sent.
  const bodies = Buffer.from(`${text}${NUL}${html}`)
  if (bodies.byteLength > MAX_PACKED_BYTES) return job
  return length > MAX_LENGTH_AT_ONCE
    ? deflate(bodies, OPTIONS).then((packed) => shorterOf(job, bodies, packed))
    : shorterOf(job, bodies, deflateRawSync(bodies, OPTIONS))
}

function shorterOf(job: SendMailJob, bodies: Buffer, deflated: Buffer): StoredJob {
  const packed = deflated.toString('base64')
  if (job.message === undefined || packed.length >= bodies.byteLength) return job
  const { text: _text, html: _html, ...message } = job.message
  const { raw: _raw, ...shell } = job
  return { ...shell, version: PACKED_VERSION, message: { ...message, packed } }
}

/**
 * The same data with its bodies as text. What is not packed stays as it is, and so does what cannot be
 * unpacked: no schema knows it then.
 */
export function unpackBodies(data: unknown): unknown {
  if (property(data, 'version') !== PACKED_VERSION) return data
  const message = property(data, 'message')
  const packed = property(message, 'packed')
  if (typeof packed !== 'string') return data
  const bodies = unpack(packed)
  if (bodies === undefined) return data
  const { packed: _packed, ...others } = Object(message)
  const [text, html] = bodies
  return {
    ...Object(data),
    message: { ...others, ...(text !== '' && { text }), ...(html !== '' && { html }) },
  }
}

function unpack(packed: string): readonly [text: string, html: string] | undefined {
  try {
    const bytes = inflateRawSync(Buffer.from(packed, 'base64'), {
      maxOutputLength: MAX_PACKED_BYTES,
    })
    const bodies = bytes.toString()
    const end = bodies.indexOf(NUL)
    return end === -1 ? undefined : [bodies.slice(0, end), bodies.slice(end + 1)]
  } catch {
    return undefined
  }
}
