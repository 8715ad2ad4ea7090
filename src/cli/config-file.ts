import { access } from 'node:fs/promises'
import path from 'node:path'

import { lilconfig, type Loader } from 'lilconfig'
import * as z from 'zod'

import { lookAtFile, type FileLook } from '../connections/file-look.ts'
import { isMailroomError } from '../errors.ts'
import { importAnew } from './config/import-anew.ts'
import { importModule } from './config/import-module.ts'
import { parseJsonText } from './config/json-text.ts'
import { importWithin } from './config/module-fault.ts'
import type { ParsedText } from './config/text-fault.ts'
import { ConfigNotFoundError, ConfigUnreadableError } from './errors.ts'

/** The names that are looked for when none is given; the first one that is there counts. */
export const CONFIG_FILES = [
  'mailroom.config.ts',
  'mailroom.config.js',
  'mailroom.config.mjs',
  'mailroom.config.json',
  'mailroom.config.yaml',
  'mailroom.config.yml',
  'mailroom.config.toml',
] as const

/** A configuration file's content, before anybody has looked at it. */
export interface ConfigFile {
  readonly file: string
  readonly content: unknown
  /** The files that it imports by path, for a module. */
  readonly imports: readonly string[]
  /** Other configuration files beside it, which are not read. */
  readonly passedOver: readonly string[]
}

export interface ConfigFileOptions {
  /** What a module sees as its environment when it is read anew. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Reads modules from disk although this process has imported them; off by default. */
  readonly anew?: boolean
  /** Hears how each file that counts looks before it is read, whether it can be loaded or not. */
  readonly onFile?: (seen: FileLook) => void
}

/** How long a module may take. */
const MODULE_DEADLINE_MS = 30_000

/**
 * Loads the file that was asked for, else the first of `CONFIG_FILES` in `directory`, if any; nothing
 * is looked for above it.
 *
 * Modules count with their default export, which Node runs as it is. Throws `ConfigNotFoundError`
 * when the file that was asked for is missing, `ConfigUnreadableError` when it cannot be loaded.
 */
export async function loadConfigFile(
  asked: string | undefined,
  directory: string,
  options: ConfigFileOptions,
): Promise<ConfigFile | undefined> {
  const imports: string[] = []
  const loaders = loadersOf(options, (files) => imports.push(...files))
  const loader = lilconfig('mailroom', {
    searchPlaces: [...CONFIG_FILES],
    stopDir: directory,
    ignoreEmptySearchPlaces: false,
    cache: false,
    loaders,
  })
  if (asked === undefined) {
    const [first, ...passedOver] = await findConfigFiles(directory)
    if (first !== undefined) options.onFile?.(await lookAtFile(first))
    const found = await readable(loader.search(directory), directory)
    if (found === null) return undefined
    return { file: found.filepath, content: contentOf(found), imports, passedOver }
  }
  const file = path.resolve(directory, asked)
  options.onFile?.(await lookAtFile(file))
  await refuseMissing(file)
  const extensions = Object.keys(loaders)
  if (!extensions.includes(path.extname(file))) {
    throw new ConfigUnreadableError(file, `expected one of ${extensions.join(', ')}`)
  }
  const found = await readable(loader.load(file), file)
  return { file, content: contentOf(found), imports, passedOver: [] }
}

/** Every configuration file in `directory`; the first one counts. */
export async function findConfigFiles(directory: string): Promise<readonly string[]> {
  const files = CONFIG_FILES.map((name) => path.join(directory, name))
  const there = await Promise.all(files.map(isThere))
  return files.filter((_, index) => there[index])
}

/** Whatever a file system says, in our words: a directory in its place, no right to read it. */
async function readable<T>(reading: Promise<T>, place: string): Promise<T> {
  try {
    return await reading
  } catch (error) {
    const { code, path: file } = faultSchema.safeParse(error).data ?? {}
    if (isMailroomError(error) || code === undefined) throw error
    throw new ConfigUnreadableError(file ?? place, `it cannot be read (${code})`)
  }
}

const faultSchema = z.object({ code: z.string(), path: z.string().optional() })

/** Lilconfig has `any` here. */
function contentOf(result: { readonly config: unknown } | null): unknown {
  return result?.config
}

async function refuseMissing(file: string): Promise<void> {
  if (await isThere(file)) return
  throw new ConfigNotFoundError(
    `there is no configuration file "${file}": expected one with connection managers, ` +
      `such as "${CONFIG_FILES[0]}"`,
  )
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch {
    return false
  }
}

function loadersOf(
  { env, anew = false, onFile = () => {} }: ConfigFileOptions,
  onImports: (files: readonly string[]) => void,
): Readonly<Record<string, Loader>> {
  const module: Loader = async (file) => {
    const signal = AbortSignal.timeout(MODULE_DEADLINE_MS)
    const load = async (onImport: (seen: FileLook) => void) =>
      anew ? importAnew(file, env, signal, onImport) : importModule(file, onImport)
    const { content, hasDefault, imports } = await importWithin(file, signal, load, onFile)
    onImports(imports)
    if (hasDefault) return content
    const expected = 'expected "export default defineConfig({ … })", found no default export'
    throw new ConfigUnreadableError(file, expected)
  }
  const modules = ['.ts', '.mts', '.js', '.mjs', '.cjs'].map((name) => [name, module] as const)
  return {
    ...Object.fromEntries(modules),
    '.json': loadJson,
    '.yaml': loadYaml,
    '.yml': loadYaml,
    '.toml': loadToml,
  }
}

function loadJson(file: string, text: string): unknown {
  return contentIn(file, parseJsonText(withoutMark(text)))
}

// The other parsers are loaded here: most have a configuration of one kind.
async function loadYaml(file: string, text: string): Promise<unknown> {
  const { parseYamlText } = await import('./config/yaml-text.ts')
  return contentIn(file, parseYamlText(withoutMark(text)))
}

async function loadToml(file: string, text: string): Promise<unknown> {
  const { parseTomlText } = await import('./config/toml-text.ts')
  return contentIn(file, parseTomlText(withoutMark(text)))
}

/** Some editors begin a file with a byte order mark. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '')
}

function contentIn(file: string, parsed: ParsedText): unknown {
  if (parsed.kind === 'parsed') return parsed.content
  const { problem, line, column } = parsed.fault
  throw new ConfigUnreadableError(file, `${problem}, at line ${line}, column ${column}`)
}
