import type { TokenPlace } from './token-shelf.ts'
import type { TokenOwner } from './tokens.ts'

/** Where the access token of `owner` lies. */
export function accessOf({ place }: TokenOwner): TokenPlace {
  return { ...place, kind: 'access' }
}

/** Tells owners apart within a process. */
export function keyOf({ place }: TokenOwner): string {
  return `${place.digest}:${place.manager}`
}

/** A shelf that is away is as good as an empty one. */
export async function orNothing<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer
  } catch {
    return undefined
  }
}
