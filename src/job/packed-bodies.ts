import { promisify } from 'node:util'
import {
  constants,
  deflateRawSync,
  inflateRawSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'

import { joinBodies, splitJoined, type Bodies } from './bodies.ts'
import { MAX_PACKED_BYTES } from './limits.ts'
import { property } from './property.ts'
import { BODIES_ELSEWHERE_VERSION, type JobMessage, type SendMailJob } from './send-mail-job.ts'

/** A job as it waits in the queue, its bodies in `packed` when that is shorter. */
export type StoredJob = SendMailJob | PackedJob

interface PackedJob extends Omit<SendMailJob, 'version' | 'message' | 'raw'> {
  readonly version: typeof BODIES_ELSEWHERE_VERSION
  readonly message: Omit<JobMessage, 'text' | 'html'> & PackedBodies
}

/** Base64 of what was made of the text, a NUL, and the HTML. */
type PackedBodies =
  | { readonly deflate: string; readonly zstd?: never }
  | { readonly zstd: string; readonly deflate?: never }

/** Shorter ones are not worth the time of worker and producer. */
const MIN_LENGTH = 1_024
/**
 * From here on Zstandard takes two thirds of the time for 4 % less bytes (30 kB of HTML). For 2.4 kB it takes
 * twice as long, because Node makes an encoder and a decoder for each.
 */
const MIN_ZSTD_LENGTH = 8_192
/** Longer ones are packed beside the event loop, which they would hold up for milliseconds. */
const MAX_LENGTH_AT_ONCE = 131_072
// Higher levels take longer and save next to nothing.
// A smaller window and buffer are made anew for each in less time.
const DEFLATE = { level: 1, windowBits: 13, chunkSize: 4_096 } as const
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } } as const

const zstdBeside = promisify(zstdCompress)

/** Packs the bodies of a job when they are long enough, and shorter so. Both share what they repeat. */
export function packBodies(job: SendMailJob): StoredJob | Promise<StoredJob> {
  const { text = '', html = '' } = job.message ?? {}
  const length = text.length + html.length
  if (job.message === undefined || length < MIN_LENGTH || length > MAX_PACKED_BYTES) return job
  const bodies = joinBodies({ text, html })
  if (bodies.byteLength > MAX_PACKED_BYTES) return job
  if (length < MIN_ZSTD_LENGTH) {
    return shorterOf(job, bodies, { deflate: base64Of(deflateRawSync(bodies, DEFLATE)) })
  }
  if (length < MAX_LENGTH_AT_ONCE) {
    return shorterOf(job, bodies, { zstd: base64Of(zstdCompressSync(bodies, ZSTD)) })
  }
  return zstdBeside(bodies, ZSTD).then((zstd) => shorterOf(job, bodies, { zstd: base64Of(zstd) }))
}

function shorterOf(job: SendMailJob, bodies: Buffer, packed: PackedBodies): StoredJob {
  const { length } = packed.deflate ?? packed.zstd
  if (job.message === undefined || length >= bodies.byteLength) return job
  const { text: _text, html: _html, ...message } = job.message
  const { raw: _raw, ...shell } = job
  return { ...shell, version: BODIES_ELSEWHERE_VERSION, message: { ...message, ...packed } }
}

function base64Of(bytes: Buffer): string {
  return bytes.toString('base64')
}

/**
 * The same data with its bodies as text. What is not packed stays as it is, and so does what cannot be
 * unpacked: no schema knows it then.
 */
export function unpackBodies(data: unknown): unknown {
  if (property(data, 'version') !== BODIES_ELSEWHERE_VERSION) return data
  const message = property(data, 'message')
  const { deflate, zstd, ...others }: Readonly<Record<string, unknown>> = Object(message)
  if ((deflate === undefined) === (zstd === undefined)) return data
  const bodies =
    zstd === undefined ? unpack(deflate, inflateRawSync) : unpack(zstd, zstdDecompressSync)
  if (bodies === undefined) return data
  return { ...Object(data), message: { ...others, ...bodies } }
}

function unpack(
  packed: unknown,
  open: (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer,
): Bodies | undefined {
  if (typeof packed !== 'string') return undefined
  try {
    return splitJoined(open(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_PACKED_BYTES }))
  } catch {
    return undefined
  }
}
