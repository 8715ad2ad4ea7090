import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Which of a configuration's modules is at fault, and where in it. */
export interface ModulePlace {
  readonly file: string
  /** Such as `, at line 2, column 8`; empty when nobody knows. */
  readonly at: string
}

/** Finds where `error` came from: in the module `root`, or in one of its `imports`. */
export async function placeOf(
  error: unknown,
  root: string,
  imports: readonly string[],
): Promise<ModulePlace> {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const files = [root, ...(await thoseThere(imports))]
  const named = files
    .map((file) => ({ file, at: placeIn(stack, file), index: stack.indexOf(file) }))
    .filter(({ index }) => index >= 0)
    .toSorted((one, other) => one.index - other.index)
  const placed = named.find(({ at }) => at !== '')
  if (placed !== undefined) return placed
  if (!(error instanceof SyntaxError)) return named[0] ?? { file: root, at: '' }
  for (const file of files.filter((name) => !name.endsWith('.json'))) {
    const at = placeIn(await checkSyntax(file), file)
    if (at !== '') return { file, at }
  }
  return named[0] ?? { file: root, at: '' }
}

/** One that is missing has no fault: whoever imports it has. */
async function thoseThere(files: readonly string[]): Promise<readonly string[]> {
  const looks = await Promise.allSettled(files.map((file) => access(file)))
  return files.filter((_, index) => looks[index]?.status === 'fulfilled')
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
