import { RecordUnreadableError } from './errors.ts'

/**
 * Runs what reads message `id`; what only a record from another hand can cause, such as text that is
 * no JSON or a key of another type, becomes a `RecordUnreadableError`.
 */
export async function readable<T>(id: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (!isOfTheRecord(cause)) throw cause
    throw new RecordUnreadableError(id, 'a record of this version', { cause })
  }
}

/** Notes the id of a message that cannot be read, so that a page has all others. */
export function passOver(error: unknown, ids: string[]): undefined {
  if (!(error instanceof RecordUnreadableError)) throw error
  ids.push(error.id)
}

function isOfTheRecord(error: unknown): boolean {
  if (error instanceof SyntaxError) return true
  return error instanceof Error && error.message.startsWith('WRONGTYPE')
}
