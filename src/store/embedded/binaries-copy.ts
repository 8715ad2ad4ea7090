import { chmod, cp, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { EmbeddedDirUnwritableError } from './errors.ts'
import type { BinaryPackage } from './package.ts'

/**
 * Copies the binaries to where every user may read and only we may write; answers the folder that
 * stands for `native`. One copy per version and user, made once and shared by all processes.
 */
export async function copyNative(found: BinaryPackage): Promise<string> {
  const owner = process.getuid?.() ?? 0
  const place = path.join(
    tmpdir(),
    `mailroom-postgres-${found.version}-${found.platform}-user-${owner}`,
  )
  const native = path.join(place, 'native')
  await checkOwner(place, owner)
  if (await isComplete(found.native, native)) return native

  const fresh = await mkdtemp(`${place}-new-`)
  try {
    await cp(found.native, path.join(fresh, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    })
    await openForReading(fresh)
    await replace(place, fresh, () => isComplete(found.native, native))
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  await checkOwner(place, owner)
  return native
}

/** Temporary folders are everybody's: what another user put there is never run. */
async function checkOwner(place: string, owner: number): Promise<void> {
  const found = await lstat(place).catch(() => undefined)
  if (found === undefined || process.platform === 'win32') return
  const isOurs = found.isDirectory() && found.uid === owner && (found.mode & 0o022) === 0
  if (!isOurs) throw new EmbeddedDirUnwritableError(place, new Error('it is not ours'))
}

/** Cleaners of temporary folders take old files away one by one. */
async function isComplete(source: string, copy: string): Promise<boolean> {
  const copied = new Set(await readdir(copy, { recursive: true }).catch(() => []))
  const wanted = await readdir(source, { recursive: true })
  return wanted.every((file) => copied.has(file))
}

async function openForReading(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name)
    if (entry.isDirectory()) await chmod(file, 0o755)
    else if (entry.isFile())
      await chmod(file, path.basename(entry.parentPath) === 'bin' ? 0o755 : 0o644)
  }
}

/** Puts `fresh` at `place`, unless another process did so first. */
async function replace(
  place: string,
  fresh: string,
  isDone: () => Promise<boolean>,
): Promise<void> {
  try {
    await rename(fresh, place)
  } catch (error) {
    if (await isDone()) return
    const broken = await mkdtemp(`${place}-old-`)
    await rename(place, path.join(broken, 'native')).catch(() => undefined)
    await rm(broken, { recursive: true, force: true })
    await rename(fresh, place).catch(async () => {
      if (!(await isDone())) throw error
    })
  }
}
