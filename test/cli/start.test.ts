import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { runCli, startCli, type CliOptions } from '../support/cli.ts'
import { embeddedPlace } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOTE_PACKAGES = path.resolve(import.meta.dirname, 'programs/note-packages.ts')

const SEND = 'send --connection relay --from a@example.com --to b@example.org --text hi'

/** Each takes longer to load than most commands to run. */
const HEAVY = ['bullmq', 'fastify', 'nodemailer', 'pg', 'pino', 'prom-client', 'zod']

test.for<[command: string, heavy: readonly string[]]>([
  ['--version', []],
  ['help', []],
  ['connections list', ['zod']],
  [SEND, ['bullmq', 'pg', 'zod']],
])('"%s" loads no package that it does not use', async ([command, heavy]) => {
  await using project = await openProject()
  expect(await runCli(command.split(' '), project)).toMatchObject({ code: 0 })
  expect(await project.loaded()).toEqual(heavy)
})

test('a worker whose metrics nobody asks for loads neither them nor a server', async () => {
  await using project = await openProject()
  await using worker = startCli(['worker', '--allow-unsafe-store'], project)
  await expect.poll(() => worker.out).toContain('worker-started')
  worker.signal('SIGTERM')
  expect(await worker.result).toMatchObject({ code: 0 })
  const loaded = await project.loaded()
  expect(loaded).toContain('bullmq')
  expect(loaded).not.toContain('fastify')
  expect(loaded).not.toContain('prom-client')
})

test.for<[where: string, env: Readonly<Record<string, string>>, kept: boolean]>([
  ['the home of its user', {}, true],
  ['another cache of its user', { XDG_CACHE_HOME: '{}/own' }, true],
  ['no place when Node is told so', { NODE_DISABLE_COMPILE_CACHE: '1' }, false],
  ['the place that Node is told', { NODE_COMPILE_CACHE: '{}/node' }, false],
])('what is compiled is kept in %s', async ([, given, kept]) => {
  await using home = await temporaryDirectory()
  const env = Object.entries(given).map(([name, value]) => [name, value.replace('{}', home.path)])
  await runCli(['--version'], {
    cwd: home.path,
    env: { HOME: home.path, NODE_COMPILE_CACHE: '', ...Object.fromEntries(env) },
  })
  const place = path.join(given['XDG_CACHE_HOME']?.replace('{}', home.path) ?? '', 'mailroom')
  const found = await readdir(path.resolve(home.path, '.cache', place)).catch(() => [])
  expect(found.length > 0).toBe(kept)
})

test('what others could write to is not run: nothing is kept or made there', async () => {
  await using home = await temporaryDirectory()
  await chmod(home.path, 0o777)
  const env = { HOME: home.path, NODE_COMPILE_CACHE: '' }
  expect(await runCli(['--version'], { cwd: home.path, env })).toMatchObject({ code: 0, err: '' })
  expect(await readdir(home.path)).toEqual([])
  // What is not there yet would be made in it.
  const own = { ...env, XDG_CACHE_HOME: path.join(home.path, 'own/cache') }
  expect(await runCli(['--version'], { cwd: home.path, env: own })).toMatchObject({ code: 0 })
  expect(await readdir(home.path)).toEqual([])
})

interface StartProject extends AsyncDisposable, CliOptions {
  /** The heavy packages that the command of this project has loaded. */
  loaded(): Promise<readonly string[]>
}

async function openProject(): Promise<StartProject> {
  const directory = await temporaryDirectory()
  const { queue, prefix, schema } = embeddedPlace()
  const relay = { server: '127.0.0.1', port: 2525, tls: 'none' }
  const config = { queue, prefix, schema, connections: { relay } }
  await writeFile(path.join(directory.path, 'mailroom.config.json'), JSON.stringify(config))
  const file = path.join(directory.path, 'packages.json')
  return {
    cwd: directory.path,
    env: { NODE_OPTIONS: `--import=${NOTE_PACKAGES}`, PACKAGES_TO: file },
    loaded: async () => {
      const names: readonly string[] = JSON.parse(await readFile(file, 'utf8'))
      return HEAVY.filter((name) => names.includes(name))
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}
