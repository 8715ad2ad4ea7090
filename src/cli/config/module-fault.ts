import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { isMailroomError } from '../../errors.ts'
import { ConfigUnreadableError } from '../errors.ts'
import type { ImportedModule } from './import-module.ts'

/**
 * Runs `load` for the module `file`; what it throws becomes a `ConfigUnreadableError` that tells the
 * kind of fault and its place. It quotes nothing: a parser's sentence may, and with it a secret.
 */
export async function importWithin(
  file: string,
  signal: AbortSignal,
  load: () => Promise<ImportedModule>,
): Promise<ImportedModule> {
  const late = Promise.withResolvers<never>()
  const onAbort = (): void => late.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([load(), late.promise])
  } catch (cause) {
    // A module may call what throws our own errors, which say more than we could.
    if (isMailroomError(cause)) throw cause
    const shown = mayQuote(cause) ? {} : { cause }
    throw new ConfigUnreadableError(file, await reasonOf(cause, file, signal), shown)
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

async function reasonOf(error: unknown, file: string, signal: AbortSignal): Promise<string> {
  if (signal.aborted) return 'it did not come to its end in time'
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  if (isCloneFault(error)) return 'its default export is more than data'
  if (error instanceof SyntaxError) {
    const place = placeIn(stack, file) || placeIn(await checkSyntax(file), file)
    return `its syntax is wrong${place}`
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === 'ERR_MODULE_NOT_FOUND') return 'something that it imports is not installed'
  if (code !== undefined) return code + placeIn(stack, file)
  return `it threw an error when it ran${placeIn(stack, file)}; see it with --verbose`
}

/** The place that a stack names for `file`, or that it points at below the line; nothing else of it. */
function placeIn(stack: string, file: string): string {
  const at = stack.indexOf(file)
  if (at < 0) return ''
  const [, line, exact] = /^:(\d+)(?::(\d+))?/.exec(stack.slice(at + file.length)) ?? []
  if (line === undefined) return ''
  const pointed = /^.*\n+.*\n( *)\^/.exec(stack.slice(at))?.[1]
  const column = exact ?? (pointed === undefined ? undefined : String(pointed.length + 1))
  return `, at line ${line}${column === undefined ? '' : `, column ${column}`}`
}

/** What Node says about the syntax of `file`: an error that it throws itself has no place in it. */
async function checkSyntax(file: string): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, ['--check', file], { timeout: CHECK_DEADLINE_MS })
  } catch (error) {
    if (error instanceof Error && 'stderr' in error) return String(error.stderr)
  }
  return ''
}

const CHECK_DEADLINE_MS = 10_000
