import { registerHooks } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { lookAtFileNow, type FileLook } from '../../connections/file-look.ts'

/** A configuration file that is a module, after it ran. */
export interface ImportedModule {
  /** Its default export; absent when it has none. */
  readonly content: unknown
  readonly hasDefault: boolean
  /** The files that it imports by path, and those that they import; packages are passed over. */
  readonly imports: readonly string[]
}

/** This package's door: what a configuration file means by "mailroom", wherever it lies. */
const DOOR = new URL(`../../index${path.extname(import.meta.url)}`, import.meta.url).href

/**
 * Imports a module into this process or thread, in which it stays: a second time it is not read.
 * `onImport` hears of each file that it imports by path before that is read, also when it is missing.
 */
export async function importModule(
  file: string,
  onImport: (seen: FileLook) => void = () => {},
): Promise<ImportedModule> {
  const root = pathToFileURL(file).href
  const seen = new Set<string | undefined>([root])
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      if (!seen.has(context.parentURL)) return next(specifier, context)
      if (specifier === 'mailroom') return { url: DOOR, shortCircuit: true }
      if (!/^(?:\.{1,2}\/|\/|file:)/.test(specifier)) return next(specifier, context)
      try {
        const resolved = next(specifier, context)
        seen.add(resolved.url)
        onImport(lookAtFileNow(fileURLToPath(resolved.url)))
        return resolved
      } catch (error) {
        onImport(lookAtFileNow(fileURLToPath(new URL(specifier, context.parentURL))))
        throw error
      }
    },
  })
  try {
    const module: unknown = await import(root)
    const hasDefault = typeof module === 'object' && module !== null && 'default' in module
    const imports = [...seen].flatMap((url) =>
      url === undefined || url === root ? [] : [fileURLToPath(url)],
    )
    return { content: hasDefault ? module.default : undefined, hasDefault, imports }
  } finally {
    hooks.deregister()
  }
}
