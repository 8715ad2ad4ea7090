import type { Reply } from '../smtp/reply.ts'

/**
 * What was said, in its order: commands as they were written, replies, and the place of the body.
 *
 * Nothing is made of it before somebody wants to read it: most transactions go well.
 */
export type Said = string | Reply | typeof BODY

/** Stands where the body was sent. */
export const BODY = Symbol('body')

export interface TranscriptOptions {
  /** The sender's address: of it only the domain is told. */
  readonly from: string
  /** How many bytes of the body were written, and how many it has. */
  readonly body: { readonly written: number; readonly bytes: number }
  /** How it ended, when no reply tells. */
  readonly ending?: string | undefined
}

/** Words of one transaction, a line each: `C:` is us, `S:` the server, `*` what neither said. */
export function transcribe(
  said: readonly Said[],
  { from, body, ending }: TranscriptOptions,
): readonly string[] {
  const lines = said.flatMap((words) => {
    if (words === BODY) return [`C: … ${bytesOf(body)}`]
    if (typeof words !== 'string') return [`S: ${textOf(words)}`]
    return words
      .split('\r\n')
      .filter((line) => line !== '')
      .map((line) => `C: ${line}`)
  })
  if (ending !== undefined) lines.push(`* ${ending}`)
  return from === '' ? lines : lines.map((line) => line.replaceAll(from, masked(from)))
}

/** A reply as one line. */
export function textOf({ code, status, text }: Reply): string {
  return [code, status, text].filter((part) => part !== undefined && part !== '').join(' ')
}

/** An address without the part that names somebody. */
export function masked(address: string): string {
  return `…${address.slice(address.lastIndexOf('@'))}`
}

function bytesOf({ written, bytes }: TranscriptOptions['body']): string {
  return written < bytes ? `${written} of ${bytes} bytes` : `${bytes} bytes`
}
