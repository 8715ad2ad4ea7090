import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'

import { SecretUnavailableError } from './errors.ts'
import type { SecretSources } from './references.ts'

/** How long reading one file may take; a disk that is gone may never answer. */
const READ_WITHIN_MS = 5_000

/**
 * The text of the file at `path` without one trailing line break.
 *
 * Throws `SecretUnavailableError` for `reference` when the file is missing, is no regular file, or
 * was not read in time.
 */
export async function readSecretFile(
  path: string,
  reference: string,
  { readFile = readRegularFile, readWithinMs = READ_WITHIN_MS }: SecretSources,
): Promise<string> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new SecretUnavailableError(reference, 'was not read in time'))
  }, readWithinMs)
  try {
    return (await Promise.race([readFile(path), late.promise])).replace(/\r?\n$/, '')
  } catch (cause) {
    if (cause instanceof SecretUnavailableError) throw cause
    const problem = cause instanceof NotRegularError ? 'is no regular file' : 'cannot be read'
    throw new SecretUnavailableError(reference, problem, { cause })
  } finally {
    clearTimeout(timer)
  }
}

class NotRegularError extends Error {}

/** Reads a whole file as UTF-8. A pipe is refused: who waits for its writer may wait for ever. */
export async function readRegularFile(path: string): Promise<string> {
  if (!(await stat(path)).isFile()) throw new NotRegularError(`"${path}" is no regular file`)
  // It may have become a pipe since: opened so, that is an error and not a wait.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return await file.readFile('utf8')
}
