import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = join(import.meta.dirname, '../../.cache/debian')

/** Packages of the distribution, unpacked into the checkout; nothing was installed. */
export interface Unpacked {
  readonly root: string
  /** What the environment of an unpacked program needs to find its libraries. */
  readonly env: { readonly LD_LIBRARY_PATH: string }
}

/** A set of packages to unpack. */
export interface PackageSet {
  /** Names the folder in the cache. */
  readonly name: string
  readonly packages: readonly string[]
  /** Paths of the unpacked programs that must find all their libraries. */
  readonly programs: readonly string[]
  /** Folders, below those of all libraries, in which the programs look for some of their own. */
  readonly libraries?: readonly string[]
}

/** Says why the packages of the distribution cannot be had on this machine. */
export class DebianUnavailableError extends Error {}

/**
 * Downloads packages and those that they need and this machine lacks, and unpacks them into
 * `.cache/debian`. Runs of any number of processes share one copy. Needs apt and dpkg, not root.
 */
export async function unpackDebian(set: PackageSet): Promise<Unpacked> {
  const system = await debianSystem()
  const root = join(CACHE, `${system}-${set.name}`)
  if (!existsSync(root)) await unpack(set, root)
  const unpacked = await describeRoot(root, set)
  const missing = await missingLibraries(set, unpacked)
  if (missing.length === 0) return unpacked
  // Unpacked on another machine, which had more libraries of its own.
  await rm(root, { recursive: true, force: true })
  await unpack(set, root)
  const still = await missingLibraries(set, unpacked)
  if (still.length > 0) throw new DebianUnavailableError(`libraries not found: ${still.join(', ')}`)
  return unpacked
}

/** The release and architecture, such as `bookworm-amd64`. */
async function debianSystem(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const like = /^ID(?:_LIKE)?=.*debian/m.test(release)
  if (!like) throw new DebianUnavailableError('this is neither Debian nor its kin')
  const codename = /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1] ?? 'unknown'
  try {
    const { stdout } = await run('dpkg', ['--print-architecture'])
    await run('apt-get', ['--version'])
    return `${codename}-${stdout.trim()}`
  } catch (error) {
    throw new DebianUnavailableError('apt-get or dpkg cannot be run', { cause: error })
  }
}

async function unpack(set: PackageSet, root: string): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const work = await mkdtemp(join(CACHE, 'new-'))
  try {
    const debs = await download(set, work)
    const fresh = join(work, 'root')
    await mkdir(fresh)
    for (const deb of debs) await run('dpkg', ['-x', deb, fresh])
    for (const program of set.programs) await chmod(join(fresh, program), 0o755) // no set-uid bit
    await chmod(fresh, 0o755)
    await rename(fresh, root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error // another run won
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Downloads with the machine's package lists, or with fresh ones of our own when those fail. */
async function download(set: PackageSet, work: string): Promise<readonly string[]> {
  const own = await privateOptions(work)
  try {
    return await downloadWith(set, work, own.cache)
  } catch {
    const options = [...own.cache, ...own.state]
    // A failing hook of the machine's apt makes it answer non-zero although the lists are there.
    await run('apt-get', ['update', '-qq', ...options], { cwd: work }).catch(() => undefined)
    try {
      return await downloadWith(set, work, options)
    } catch (error) {
      throw new DebianUnavailableError(
        `apt-get cannot download ${set.packages.join(', ')}: ${lastLine(error)}`,
        { cause: error },
      )
    }
  }
}

async function privateOptions(
  work: string,
): Promise<{ readonly cache: readonly string[]; readonly state: readonly string[] }> {
  for (const folder of ['cache/archives/partial', 'state/lists/partial', 'debs']) {
    await mkdir(join(work, folder), { recursive: true })
  }
  const root = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []
  return {
    cache: ['-o', `Dir::Cache=${join(work, 'cache')}`, '-o', 'Debug::NoLocking=1', ...root],
    state: ['-o', `Dir::State=${join(work, 'state')}`],
  }
}

async function downloadWith(
  set: PackageSet,
  work: string,
  options: readonly string[],
): Promise<readonly string[]> {
  const simulated = await run(
    'apt-get',
    ['--simulate', '--no-install-recommends', ...options, 'install', ...set.packages],
    { cwd: work, env: { ...process.env, LC_ALL: 'C' } },
  )
  const needed = [...simulated.stdout.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name ?? '')
  const debs = join(work, 'debs')
  const wanted = [...new Set([...set.packages, ...needed])]
  await run('apt-get', ['download', '-qq', ...options, ...wanted], { cwd: debs })
  return (await readdir(debs))
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(debs, name))
}

async function describeRoot(root: string, { libraries = [] }: PackageSet): Promise<Unpacked> {
  const folders: string[] = []
  for (const lib of [join(root, 'usr/lib'), join(root, 'lib')]) {
    const entries = await readdir(lib, { withFileTypes: true }).catch(() => [])
    const multiarch = entries.filter(
      (entry) => entry.isDirectory() && entry.name.includes('-linux-'),
    )
    folders.push(...multiarch.map((entry) => join(lib, entry.name)), lib)
  }
  const own = libraries.flatMap((name) => folders.map((folder) => join(folder, name)))
  return { root, env: { LD_LIBRARY_PATH: [...folders, ...own].join(':') } }
}

async function missingLibraries(set: PackageSet, unpacked: Unpacked): Promise<readonly string[]> {
  const missing: string[] = []
  for (const program of set.programs) {
    const path = join(unpacked.root, program)
    if (!existsSync(path)) return [program]
    const { stdout } = await run('ldd', [path], { env: { ...process.env, ...unpacked.env } })
    missing.push(...[...stdout.matchAll(/(\S+) => not found/g)].map(([, name]) => name ?? ''))
  }
  return missing
}

function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
  return text.trim().split('\n').at(-1) ?? 'no reason given'
}
