import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, readdir, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

/** A folder of a user who has installed the package as it would be published. */
export async function projectWithPackage(): Promise<TemporaryDirectory> {
  const project = await temporaryDirectory()
  // The server of the embedded store may run as another user, who has to reach it.
  await chmod(project.path, 0o711)
  const home = join(project.path, 'node_modules', 'mailroom')
  await mkdir(home, { recursive: true })
  await run(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(ROOT, 'tsconfig.build.json'),
    '--outDir',
    join(home, 'dist'),
  ])
  await cp(join(ROOT, 'package.json'), join(home, 'package.json'))
  const installed = join(ROOT, 'node_modules')
  for (const name of await readdir(installed)) {
    if (name !== 'mailroom')
      await symlink(join(installed, name), join(project.path, 'node_modules', name))
  }
  return project
}
