import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import path from 'node:path'

import { EmbeddedDirUnreachableError } from './errors.ts'

/** The user and group that the server runs as when we are root; absent: as ourselves. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

const NOBODY: Account = { uid: 65534, gid: 65534 }

/** Postgres refuses to run as root: root lends it the owner of its data, or else nobody. */
export async function chooseAccount(data: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(data).catch(() => undefined)
  return owner === undefined || owner.uid === 0 ? NOBODY : { uid: owner.uid, gid: owner.gid }
}

/** Throws `EmbeddedDirUnreachableError` with the first folder that stops `account`. */
export async function checkReach(directory: string, account: Account): Promise<void> {
  const folders = [directory]
  for (let parent = directory; parent !== path.dirname(parent);) {
    parent = path.dirname(parent)
    folders.unshift(parent)
  }
  // Asked of the system, as that user: permission bits alone do not tell.
  const script = 'for f do [ -x "$f" ] || { printf %s "$f"; exit 0; }; done'
  const barrier = await new Promise<string>((resolve, reject) => {
    execFile('/bin/sh', ['-c', script, 'sh', ...folders], { ...account, cwd: '/' }, (error, out) =>
      error ? reject(error) : resolve(out),
    )
  })
  if (barrier !== '') throw new EmbeddedDirUnreachableError(directory, barrier, account.uid)
}
