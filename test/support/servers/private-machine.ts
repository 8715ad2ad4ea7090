import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Unpacked } from '../debian.ts'

const run = promisify(execFile)

/** Says why no server can run here that needs users and paths of its own. */
export class NoPrivateMachineError extends Error {}

/** What a server finds besides that which this machine has. */
export interface PrivateMachine {
  /** A folder of the test, which everybody may enter. */
  readonly folder: string
  /** Unpacked packages, whose files stand in `/usr` as if they were installed. */
  readonly packages: readonly Unpacked[]
  /** Names of users that the packages would have made. */
  readonly users: readonly string[]
}

/** Throws `NoPrivateMachineError` where `onPrivateMachine` would not do: it needs root and its rights. */
export async function checkPrivateMachine(): Promise<void> {
  if (process.getuid?.() !== 0) throw new NoPrivateMachineError('it runs as root only')
  try {
    await run('unshare', [
      '-m',
      'sh',
      '-c',
      'mount -t overlay overlay -o lowerdir=/usr/lib:/usr/bin /usr/lib',
    ])
  } catch (error) {
    throw new NoPrivateMachineError('this machine gives no mount namespace', { cause: error })
  }
}

/**
 * The command that runs `command` in a mount namespace of its own, in which the packages lie over
 * `/usr` and the users are known. Nothing on this machine changes; all is gone with the process, which
 * keeps its id.
 */
export async function onPrivateMachine(
  { folder, packages, users }: PrivateMachine,
  command: readonly string[],
): Promise<readonly [string, ...string[]]> {
  await addUsers(folder, users)
  const layers = [...packages.map(({ root }) => join(root, 'usr')), '/usr'].join(':')
  return ['unshare', '-m', 'sh', '-c', ENTER, 'sh', folder, layers, ...command]
}

const ENTER = `set -e
mount -t overlay overlay -o "lowerdir=$2" /usr
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
shift 2
exec "$@"`

/** Numbers that Debian gives to no user by itself. */
const FIRST_ID = 59_500

async function addUsers(folder: string, users: readonly string[]): Promise<void> {
  const numbered = users.map((name, index) => ({ name, id: FIRST_ID + index }))
  for (const file of ['passwd', 'group'] as const) {
    const known = await readFile(join('/etc', file), 'utf8')
    const added = numbered
      .filter(({ name }) => !known.split('\n').some((line) => line.startsWith(`${name}:`)))
      .map(LINES[file])
    await writeFile(join(folder, file), [known, ...added].join(''))
  }
}

const LINES = {
  passwd: ({ name, id }: NumberedUser) => `${name}:x:${id}:${id}::/:/usr/sbin/nologin\n`,
  group: ({ name, id }: NumberedUser) => `${name}:x:${id}:\n`,
}

interface NumberedUser {
  readonly name: string
  readonly id: number
}
