import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { unpackPostfix } from '../../test/support/servers/postfix.ts'
import type { Program } from '../../test/support/daemon.ts'

/** A program of Postfix that runs by itself, with the release that it is of. */
export interface PostfixProgram extends Program {
  readonly version: string
}

/** Finds a program of Debian's postfix by its path, unpacked and not installed. */
export async function findPostfixProgram(path: string): Promise<PostfixProgram> {
  const { root, env } = await unpackPostfix()
  const options = { env: { ...process.env, ...env } }
  const postconf = join(root, 'usr/sbin/postconf')
  const { stdout } = await promisify(execFile)(postconf, ['-dh', 'mail_version'], options)
  return { command: join(root, path), env, version: stdout.trim() }
}
