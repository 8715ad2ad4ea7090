import * as z from 'zod'

import { isBase64 } from './base64.ts'
import { kindOf } from './job-issue.ts'
import { mendLineEnds } from './line-ends.ts'

/**
 * A whole message that is sent as it is: its text or bytes, or where they are.
 *
 * `lineEnds: 'crlf'` mends CR and LF that stand alone before anything else looks at it; "as-is" by
 * default, where such a message is refused, because it could not arrive byte for byte.
 */
export type RawInput = string | Uint8Array | RawSource

interface RawSource {
  /** Text, or bytes. */
  readonly content?: string | Uint8Array | undefined
  /** What `content` is when it is a string; "utf8" by default. */
  readonly encoding?: 'utf8' | 'base64' | undefined
  /** A file to read instead of `content`, when enqueued. */
  readonly path?: string | undefined
  readonly lineEnds?: 'as-is' | 'crlf' | undefined
}

const sourceSchema = z.strictObject({
  content: z.custom<string | Uint8Array>().optional(),
  encoding: z.enum(['utf8', 'base64']).optional(),
  path: z.string().optional(),
  lineEnds: z.enum(['as-is', 'crlf']).optional(),
})

/** The bytes of a raw message that the caller gives; files have been read by then. */
export const rawInputSchema = z.custom<RawInput>().transform((input: unknown, context) => {
  if (typeof input === 'string') return Buffer.from(input)
  if (input instanceof Uint8Array) return input
  if (typeof input !== 'object' || input === null) {
    const message = `expected text, bytes, or { content } or { path }, got ${kindOf(input)}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  const source = sourceSchema.safeParse(input)
  if (!source.success) {
    for (const { path, message } of source.error.issues) {
      context.addIssue({ code: 'custom', path: [...path], message })
    }
    return z.NEVER
  }
  return read(source.data, (message, path) =>
    context.addIssue({ code: 'custom', path: [...path], message }),
  )
})

function read(
  { content, encoding, path, lineEnds }: z.output<typeof sourceSchema>,
  complain: (message: string, path: readonly PropertyKey[]) => void,
): Uint8Array {
  const refuse = (message: string, at: readonly PropertyKey[] = []): never => {
    complain(message, at)
    return z.NEVER
  }
  if (content === undefined) {
    if (path === undefined) return refuse('expected `content` or `path`')
    return refuse('the file was not read: only the producer reads files', ['path'])
  }
  if (path !== undefined) return refuse('expected `content` or `path`, got both')
  const isText = typeof content === 'string'
  if (!isText && !(content instanceof Uint8Array)) {
    return refuse(`expected text or bytes, got ${kindOf(content)}`, ['content'])
  }
  if (!isText && encoding !== undefined) {
    return refuse('expected none, because the content is bytes', ['encoding'])
  }
  const given = isText && encoding === 'base64' ? content.replaceAll(/\s+/g, '') : content
  if (encoding === 'base64' && !isBase64(String(given))) {
    return refuse('expected base64', ['content'])
  }
  const bytes = typeof given === 'string' ? Buffer.from(given, encoding ?? 'utf8') : given
  return lineEnds === 'crlf' ? mendLineEnds(bytes) : bytes
}
