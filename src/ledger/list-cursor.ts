import { InvalidCursorError } from './errors.ts'

/** A message's place among those held in the same state. */
export interface Place {
  /** Since when, in a number that grows with time. */
  readonly since: number
  readonly id: string
}

/** The cursor that lets a list go on behind `place`. */
export function cursorOf({ since, id }: Place): string {
  return `${since}:${id}`
}

/** Reads a cursor; undefined is the beginning. Throws `InvalidCursorError`. */
export function parseCursor(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined
  const [, since, id] = /^(\d{1,16}):(.+)$/s.exec(cursor) ?? []
  if (since === undefined || id === undefined) throw new InvalidCursorError()
  return { since: Number(since), id }
}
