import type { ContentRef } from '../../job/content-ref.ts'
import type { SpooledContent } from '../spool.ts'

/** The content that a job refers to. Whoever composes has taken all of it before. */
export function spooledOf(
  { sha256 }: ContentRef,
  contents: ReadonlyMap<string, SpooledContent>,
): SpooledContent {
  const content = contents.get(sha256)
  if (content === undefined) throw new TypeError('expected content that was taken before')
  return content
}
