import { open } from 'node:fs/promises'

import type { Place } from './directory.ts'
import { isAlive, lockFileOf, parsePostmaster, readPostmaster } from './postmaster.ts'

/** No process ever has it: above every limit for process numbers. */
const NOBODY_PID = 2_147_483_646

/**
 * Lets Postgres see that the server in its lock file is dead, although another process (or its own
 * zombie) has the number now, as in a container that was started again.
 *
 * Only the number is changed: Postgres still checks, by the rest of the file, that no process of
 * the dead server is at work on the data. The file is written in place and never exchanged: a
 * server that starts meanwhile makes a file of its own, and we write to the one that it removed.
 */
export async function releaseStaleLock(place: Place): Promise<void> {
  const found = await readPostmaster(place)
  if (found?.life !== 'gone' || !isAlive(found.pid)) return
  const file = await open(lockFileOf(place), 'r+').catch(() => undefined)
  if (file === undefined) return
  try {
    const text = await file.readFile('utf8')
    if (parsePostmaster(text)?.pid !== found.pid) return
    const [, ...rest] = text.split('\n')
    await file.write([NOBODY_PID, ...rest].join('\n'), 0)
  } finally {
    await file.close()
  }
}
