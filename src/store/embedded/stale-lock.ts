import { chown, mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'

import type { Place } from './directory.ts'
import { isAlive, lockFileOf, readPostmaster } from './postmaster.ts'

/** No process ever has it: above every limit for process numbers. */
const NOBODY_PID = 2_147_483_646

/**
 * Lets Postgres see that the server in its lock file is dead, although another process (or its own
 * zombie) has the number now, as in a container that was started again.
 *
 * Only the number is changed: Postgres still checks, by the rest of the file, that no process of
 * the dead server is at work on the data.
 */
export async function releaseStaleLock(place: Place): Promise<void> {
  const found = await readPostmaster(place)
  if (found?.life !== 'gone' || !isAlive(found.pid)) return
  const mutex = path.join(place.directory, 'unlock')
  try {
    await mkdir(mutex)
  } catch {
    const held = await stat(mutex).catch(() => undefined)
    // Whoever holds it for ten seconds has died.
    if (held !== undefined && Date.now() - held.mtimeMs > 10_000) await rmdir(mutex)
    return
  }
  try {
    const again = await readPostmaster(place)
    if (again?.pid !== found.pid || again.life !== 'gone') return
    await replaceNumber(place)
  } finally {
    await rm(mutex, { recursive: true, force: true })
  }
}

async function replaceNumber(place: Place): Promise<void> {
  const file = lockFileOf(place)
  const [, ...rest] = (await readFile(file, 'utf8')).split('\n')
  const draft = `${file}.mailroom`
  await writeFile(draft, [NOBODY_PID, ...rest].join('\n'), { mode: 0o600 })
  const { uid, gid } = await stat(place.data)
  if (process.getuid?.() === 0) await chown(draft, uid, gid)
  await rename(draft, file)
}
