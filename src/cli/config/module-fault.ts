import type { FileLook } from '../../connections/file-look.ts'
import { isMailroomError } from '../../errors.ts'
import { ConfigUnreadableError } from '../errors.ts'
import type { ImportedModule } from './import-module.ts'
import { placeOf } from './module-place.ts'

/**
 * Runs `load` for the module `file`; what it throws becomes a `ConfigUnreadableError` that tells the
 * module that is at fault, the kind of fault and its place. `onImport` hears of every file that is
 * imported, whatever comes of it. It quotes nothing: a parser's sentence may, and with it a secret.
 */
export async function importWithin(
  file: string,
  signal: AbortSignal,
  load: (onImport: (seen: FileLook) => void) => Promise<ImportedModule>,
  onImport: (seen: FileLook) => void,
): Promise<ImportedModule> {
  const imports = new Set<string>()
  const note = (seen: FileLook): void => {
    imports.add(seen.file)
    onImport(seen)
  }
  const late = Promise.withResolvers<never>()
  const onAbort = (): void => late.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([load(note), late.promise])
  } catch (cause) {
    // A module may call what throws our own errors, which say more than we could.
    if (isMailroomError(cause)) throw cause
    const shown = mayQuote(cause) ? {} : { cause }
    const place = await placeOf(cause, file, [...imports])
    throw new ConfigUnreadableError(place.file, reasonOf(cause, place.at, signal), shown)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Whether the sentence or the stack of an error, or of one behind it, holds a piece of the source. */
function mayQuote(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error)) return false
  const isOfSource = error instanceof SyntaxError || isCloneFault(error)
  return isOfSource || depth > MAX_CAUSES || mayQuote(error.cause, depth + 1)
}

const MAX_CAUSES = 10

function isCloneFault(error: unknown): boolean {
  return error instanceof Error && (error.stack ?? '').startsWith('DataCloneError')
}

function reasonOf(error: unknown, at: string, signal: AbortSignal): string {
  if (signal.aborted) return 'it did not come to its end in time'
  if (isCloneFault(error)) return 'its default export is more than data'
  if (error instanceof SyntaxError) return `its syntax is wrong${at}`
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === 'ERR_MODULE_NOT_FOUND') return 'something that it imports is not installed'
  if (code !== undefined) return code + at
  return `it threw an error when it ran${at}; see it with --verbose`
}
