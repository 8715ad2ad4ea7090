import { readFile, readlink } from 'node:fs/promises'
import path from 'node:path'

import type { Place } from './directory.ts'

/** What `postmaster.pid` says of the server, and whether to believe it. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly isReady: boolean
  /**
   * `ours`: alive and at work on this data. `gone`: no such process, or one that took the number
   * of a dead server. `unknown`: alive, and this platform does not tell more.
   */
  readonly life: 'ours' | 'gone' | 'unknown'
}

/** The file in which Postgres itself keeps two servers from one data directory. */
export function lockFileOf({ data }: Place): string {
  return path.join(data, 'postmaster.pid')
}

/** Reads who runs, or ran, the server; absent when it was stopped in good order. */
export async function readPostmaster(place: Place): Promise<Postmaster | undefined> {
  const found = parsePostmaster(await readFile(lockFileOf(place), 'utf8').catch(() => ''))
  return found && { ...found, life: await lifeOf(found.pid, place) }
}

/** What the text of a lock file says; absent when it names no process. */
export function parsePostmaster(text: string): Omit<Postmaster, 'life'> | undefined {
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined
  return { pid, port: Number(lines[3] ?? 0), isReady: lines[7]?.trim() === 'ready' }
}

async function lifeOf(pid: number, { data }: Place): Promise<Postmaster['life']> {
  if (!isAlive(pid)) return 'gone'
  if (process.platform !== 'linux') return 'unknown'
  // Every server works in its data directory; a zombie and another user's process do not tell.
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return folder === data ? 'ours' : 'gone'
}

/** Whether a process with this number exists, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Whether a process does nothing any more: it ended, or is a zombie that its parent has to notice. */
export async function hasEnded(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return true
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return /\) [XZ] /.test(stat)
}
