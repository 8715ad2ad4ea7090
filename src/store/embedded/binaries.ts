import { execFile } from 'node:child_process'
import { access, readFile, symlink } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

import type { Account } from './account.ts'
import { copyNative } from './binaries-copy.ts'
import type { BinaryPackage } from './package.ts'

const run = promisify(execFile)

/** Programs of Postgres that run as the account they were prepared for. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** The major version, such as 18. */
  readonly major: number
}

/** What every program of Postgres is started with: nothing of our environment, no secrets. */
export const PROGRAM_ENV = { LC_ALL: 'C', PATH: '/usr/bin:/bin' } as const

/**
 * Makes the binaries runnable: adds the links that their skipped install script would have made,
 * and copies them out when they lie where these cannot be added or `account` cannot go.
 */
export async function prepareBinaries(
  found: BinaryPackage,
  account: Account | undefined,
): Promise<Binaries> {
  const isLinked = await addLinks(found.native)
  const inPlace = binariesIn(found.native, found.version)
  if (isLinked && (await canRun(inPlace, account))) return inPlace
  const copy = await copyNative(found)
  await addLinks(copy)
  return binariesIn(copy, found.version)
}

function binariesIn(native: string, version: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    initdb: path.join(native, 'bin', `initdb${suffix}`),
    postgres: path.join(native, 'bin', `postgres${suffix}`),
    major: Number.parseInt(version, 10),
  }
}

async function canRun(binaries: Binaries, account: Account | undefined): Promise<boolean> {
  try {
    await run(binaries.postgres, ['--version'], { ...account, cwd: '/', env: PROGRAM_ENV })
    return true
  } catch {
    return false
  }
}

/** Answers whether all links are there now; others may add them at the same time. */
async function addLinks(native: string): Promise<boolean> {
  for (const { source, target } of await readLinks(native)) {
    const link = path.join(native, '..', target)
    const exists = await access(link).then(
      () => true,
      () => false,
    )
    if (exists) continue
    try {
      await symlink(path.relative(path.dirname(target), source), link)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) return false
    }
  }
  return true
}

interface Link {
  /** Both are relative to the package: `native/lib/…`. */
  readonly source: string
  readonly target: string
}

async function readLinks(native: string): Promise<readonly Link[]> {
  const text = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links: unknown = JSON.parse(text)
  return Array.isArray(links) ? links.filter(isLink) : []
}

function isLink(value: unknown): value is Link {
  return typeof value === 'object' && value !== null && 'source' in value && 'target' in value
}
