import type { Placed } from '../../job/content-ref.ts'

/** The base64 of content that is in the job. Whoever composes has seen to the rest before. */
export function inlineContentOf({ content }: Placed): string {
  if (content === undefined) throw new TypeError('expected content that is in the job')
  return content
}
