import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { isMailroomError } from '../errors.ts'
import { ConfigNotFoundError, ConfigUnreadableError } from './errors.ts'

/** The names that are looked for when none is given; the first one that is there counts. */
export const CONFIG_FILES = [
  'mailroom.config.ts',
  'mailroom.config.js',
  'mailroom.config.mjs',
  'mailroom.config.json',
] as const

/** A configuration file's content, before anybody has looked at it. */
export interface ConfigFile {
  readonly file: string
  readonly content: unknown
}

/**
 * Loads the file that was asked for, else the first of `CONFIG_FILES` in `directory`, if any.
 *
 * Modules count with their default export, which Node runs as it is. Throws `ConfigNotFoundError`
 * when the file that was asked for is missing, `ConfigUnreadableError` when it cannot be loaded.
 */
export async function loadConfigFile(
  asked: string | undefined,
  directory: string,
): Promise<ConfigFile | undefined> {
  const file =
    asked === undefined ? await findConfigFile(directory) : path.resolve(directory, asked)
  if (file === undefined) return undefined
  if (asked !== undefined && !(await isThere(file))) {
    throw new ConfigNotFoundError(
      `there is no configuration file "${file}": expected one with connection managers, ` +
        `such as "${CONFIG_FILES[0]}"`,
    )
  }
  return { file, content: await readConfigFile(file) }
}

async function findConfigFile(directory: string): Promise<string | undefined> {
  for (const name of CONFIG_FILES) {
    const file = path.join(directory, name)
    if (await isThere(file)) return file
  }
  return undefined
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json']

async function readConfigFile(file: string): Promise<unknown> {
  const extension = path.extname(file)
  if (!EXTENSIONS.includes(extension)) {
    throw new ConfigUnreadableError(file, `expected one of ${EXTENSIONS.join(', ')}`)
  }
  try {
    if (extension === '.json') return JSON.parse(await readFile(file, 'utf8'))
    const module: unknown = await import(pathToFileURL(file).href)
    if (typeof module === 'object' && module !== null && 'default' in module) return module.default
  } catch (cause) {
    // `defineConfig` has looked at it already and says more than we could.
    if (isMailroomError(cause)) throw cause
    throw new ConfigUnreadableError(file, reasonOf(cause, file), { cause })
  }
  throw new ConfigUnreadableError(
    file,
    'expected "export default defineConfig({ … })", found no default export',
  )
}

/** The kind of fault and where it is: a parser's message may quote the file, and with it a secret. */
function reasonOf(error: unknown, file: string): string {
  if (error instanceof SyntaxError) return `its syntax is wrong${placeOf(error, file)}`
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === 'ERR_MODULE_NOT_FOUND') return 'something that it imports is not installed'
  if (code !== undefined) return code + placeOf(error, file)
  return `it threw an error when it ran${placeOf(error, file)}; see it with --verbose`
}

/** The line that a stack or a parser names for `file`; nothing of what stands there. */
function placeOf(error: unknown, file: string): string {
  if (!(error instanceof Error)) return ''
  const stack = error.stack ?? ''
  const line = /^:(\d+)/.exec(stack.slice(stack.indexOf(file) + file.length))?.[1]
  const inJson = /\(line (\d+) column (\d+)\)/.exec(error.message)
  if (inJson) return `, at line ${inJson[1]}, column ${inJson[2]}`
  return stack.includes(file) && line !== undefined ? `, at line ${line}` : ''
}
