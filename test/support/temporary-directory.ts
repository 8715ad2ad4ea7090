import { readFileSync, statfsSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

/** `disk` for what has to be there after a crash, `memory` for all else: a database makes hundreds of files. */
export type Medium = 'disk' | 'memory'

const MEMORY = '/dev/shm'
/** The tests take up to 1 GB of it at a time. */
const PLENTY_BYTES = 4e9

/**
 * Makes an empty directory that goes away with everything in it; in memory where there is plenty.
 *
 * Others may pass through it: a database server in it never runs as root.
 */
export async function temporaryDirectory(medium: Medium = 'memory'): Promise<TemporaryDirectory> {
  const parent = medium === 'memory' && hasPlenty() ? MEMORY : tmpdir()
  const directory = await mkdtemp(path.join(parent, 'mailroom-test-'))
  await chmod(directory, 0o755)
  return {
    path: directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 10 }),
  }
}

/** Whether memory can be had as files, programs among them. */
function hasPlenty(): boolean {
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
    const [, , type, options = ''] =
      mounts.find((line) => line.split(' ')[1] === MEMORY)?.split(' ') ?? []
    const { bavail, bsize } = statfsSync(MEMORY)
    const free = Math.min(bavail * bsize, process.availableMemory())
    return type === 'tmpfs' && !options.split(',').includes('noexec') && free > PLENTY_BYTES
  } catch {
    return false
  }
}
