import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readFile, realpath, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { findProgram } from '../find-program.ts'
import { findKerberos } from './kerberos-packages.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../../..')
const CACHE = join(ROOT, '.cache/kerberos')
const BUILT = 'build/Release/kerberos.node'

/** Says why the package "kerberos" cannot be built on this machine. */
export class NoKerberosAddonError extends Error {}

/**
 * Sees to it that the package "kerberos" of this checkout loads: its install script does not run here.
 *
 * What was built is kept in `.cache`. Runs of any number of processes share one copy.
 */
export async function buildKerberos(): Promise<void> {
  if (await loads()) return
  const home = dirname(createRequire(import.meta.url).resolve('kerberos/package.json'))
  const cached = join(CACHE, await nameOfBuild(home))
  if (!existsSync(cached)) await build(home, cached)
  await install(cached, home)
  if (await loads()) return
  // Built on another machine, which had other libraries.
  await build(home, cached)
  await install(cached, home)
  if (!(await loads())) throw new NoKerberosAddonError('what was built does not load')
}

async function loads(): Promise<boolean> {
  return run(process.execPath, ['-e', 'require("kerberos")'], { cwd: ROOT }).then(
    () => true,
    () => false,
  )
}

async function nameOfBuild(home: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as {
    readonly version: string
  }
  const { root } = await findKerberos()
  return `${version}-${basename(root)}.node`
}

async function build(home: string, target: string): Promise<void> {
  const [gyp, { root, env }] = [await findGyp(), await findKerberos()]
  await mkdir(CACHE, { recursive: true })
  const work = await mkdtemp(join(CACHE, 'new-'))
  try {
    await cp(home, join(work, 'kerberos'), { recursive: true })
    const [include, own] = [join(root, 'usr/include'), env.LD_LIBRARY_PATH.split(':')]
    // Those of this machine come first: libraries of two releases do not mix.
    const libraries = [...own.map((folder) => folder.slice(root.length)), ...own]
    await run(process.execPath, [gyp, 'rebuild', ...headers()], {
      cwd: join(work, 'kerberos'),
      env: {
        ...process.env,
        CPATH: `${include}:${join(include, 'mit-krb5')}`,
        LDFLAGS: `-Wl,--disable-new-dtags,-rpath,${libraries.join(':')}`,
      },
      maxBuffer: 64e6,
    })
    await rename(join(work, 'kerberos', BUILT), target)
  } catch (error) {
    throw new NoKerberosAddonError(
      'node-gyp cannot build it: it needs a C++ compiler, make, python',
      {
        cause: error,
      },
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The one that comes with npm. */
async function findGyp(): Promise<string> {
  const npm = await findProgram(['npm'])
  const near = [
    ...(npm === undefined ? [] : [resolve(await realpath(npm), '../../node_modules')]),
    resolve(process.execPath, '../../lib/node_modules/npm/node_modules'),
  ]
  const gyp = near.map((folder) => join(folder, 'node-gyp/bin/node-gyp.js')).find(existsSync)
  if (gyp === undefined) throw new NoKerberosAddonError('npm has no node-gyp')
  return gyp
}

/** Where Node came with its headers they are not downloaded. */
function headers(): readonly string[] {
  const folder = resolve(process.execPath, '../..')
  return existsSync(join(folder, 'include/node/node_api.h')) ? ['--nodedir', folder] : []
}

/** Puts it in its place at once: others may have the one before loaded. */
async function install(built: string, home: string): Promise<void> {
  const target = join(home, BUILT)
  await mkdir(dirname(target), { recursive: true })
  const fresh = `${target}.${process.pid}`
  await copyFile(built, fresh)
  await rename(fresh, target)
}
