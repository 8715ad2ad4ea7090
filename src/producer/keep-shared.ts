import type { ContentOwner, ContentStore } from '../content/content.ts'
import {
  ContentMissingError,
  ContentStoreFullError,
  ContentTooLargeError,
} from '../content/errors.ts'
import type { Store } from '../store/store.ts'
import type { SharedBodies } from './body-memory.ts'

/**
 * Keeps bodies that many messages have: at once for the first of those that are to be written, and
 * together with others for the rest, which find them there. So they are uploaded once.
 *
 * With `kept` the bodies are there when it resolves. Answers `no-place` when the place of contents is full, or
 * its memory is not what is scarce; then nothing was put.
 */
export async function keepShared(
  shared: SharedBodies,
  owner: ContentOwner,
  { contents, store }: { readonly contents: ContentStore; readonly store: Pick<Store, 'kind'> },
): Promise<{ readonly kept?: Promise<void> } | 'no-place'> {
  if (store.kind !== 'redis') shared.place = 'none'
  while (shared.first !== undefined) await passed(shared.first)
  if (shared.place === 'none') return 'no-place'
  const kept = contents.put(shared.source, owner)
  if (shared.place === 'there') return { kept }
  shared.first = kept
  try {
    await kept
    shared.place = 'there'
    return {}
  } catch (error) {
    if (!isWithoutPlace(error)) throw error
    shared.place = 'none'
    return 'no-place'
  } finally {
    shared.first = undefined
  }
}

/** Whoever is written now may be delivered and take the bodies along: the next one looks again. */
export function mayGoWith(shared: SharedBodies): void {
  if (shared.place === 'there') shared.place = 'unknown'
}

/** Whether this is said of the place of contents, and a job that holds its bodies does without it. */
export function isWithoutPlace(error: unknown): boolean {
  return error instanceof ContentStoreFullError || error instanceof ContentTooLargeError
}

/** What keeps one from the store keeps all from it; but that one was released is its own matter. */
async function passed(first: Promise<void>): Promise<void> {
  try {
    await first
  } catch (error) {
    if (!isWithoutPlace(error) && !(error instanceof ContentMissingError)) throw error
  }
}
