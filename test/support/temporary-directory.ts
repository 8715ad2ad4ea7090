import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

/**
 * Makes an empty directory that goes away with everything in it.
 *
 * Others may pass through it: a database server in it never runs as root.
 */
export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const directory = await mkdtemp(path.join(tmpdir(), 'mailroom-test-'))
  await chmod(directory, 0o755)
  return {
    path: directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}
