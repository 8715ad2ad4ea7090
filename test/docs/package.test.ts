import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import PostalMime from 'postal-mime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'

import { createMailroom, createWorker } from '../../src/index.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { packPackage, projectWithPackage, type PackedPackage } from './installed-package.ts'
import { readerPorts } from './reader-ports.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), optional: z.boolean().optional() }),
  ),
})

/** npm packs, resolves and installs a whole package with all that it depends on. */
const INSTALLING = { timeout: 180_000 }

let packed: PackedPackage
beforeAll(async () => {
  packed = await packPackage()
}, INSTALLING.timeout)
afterAll(() => packed[Symbol.asyncDispose]())

test("the README's program runs as written in an empty project", INSTALLING, async () => {
  await using project = await projectWithPackage(packed)
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  expect(program.trim().split('\n').length, 'ten lines').toBeLessThanOrEqual(10)
  await writeFile(join(project.path, 'program.ts'), program)

  await using _ports = await readerPorts('pages')
  const development = spawn(
    process.execPath,
    [join(project.path, 'node_modules/mailroom/dist/cli/main.js'), 'dev', '--json'],
    { cwd: project.path, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  try {
    let printed = ''
    development.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    await expect.poll(() => printed).toContain('"event":"ready"')
    const { stdout } = await run(process.execPath, ['program.ts'], { cwd: project.path })
    expect(stdout).toContain("state: 'delivered'")
    expect(stdout).toContain("address: 'ann@example.com'")
    const mails = await readdir(join(project.path, '.mailroom/mails'))
    expect(mails.filter((name) => name.endsWith('.eml'))).toHaveLength(1)
  } finally {
    if (development.exitCode === null) {
      development.kill('SIGINT')
      await once(development, 'exit')
    }
  }
  expect(development.exitCode).toBe(0)
})

test('email-templates and the NestJS mailer send through the queue', INSTALLING, async () => {
  await using project = await projectWithPackage(packed, join(ROOT, 'examples/nodemailer'))
  const locked = await versionsIn(join(project.path, 'package-lock.json'))
  const installed = await versionsIn(join(project.path, 'node_modules/.package-lock.json'))
  expect(installed, 'what the lock file says').toMatchObject(locked)
  await using server = await startSmtpServer()
  const queue = `embedded:${join(project.path, 'store')}`
  const relay = { server: '127.0.0.1', port: server.port, tls: 'none' } as const
  await using worker = createWorker({ queue, connections: { relay } })
  await using mailroom = createMailroom({ queue, connections: { relay } })
  await worker.start()

  const arrived: Awaited<ReturnType<typeof PostalMime.parse>>[] = []
  for (const program of ['email-templates.ts', 'nestjs-mailer.ts']) {
    const { stdout } = await run(process.execPath, [program], {
      cwd: project.path,
      env: { ...process.env, MAILROOM_QUEUE: queue },
    })
    const { id }: { readonly id: string } = JSON.parse(stdout)
    const record = await mailroom.untilSettled(id, { timeoutMs: 20_000 })
    expect(record, `of ${program}`).toMatchObject({ state: 'delivered' })
    arrived.push(await PostalMime.parse(server.mails.at(-1)?.body ?? ''))
  }
  expect(arrived).toMatchObject([
    {
      from: { address: 'shop@example.com' },
      to: [{ name: 'Юлия', address: 'julia@example.org' }],
      subject: 'Welcome, Юлия',
      html: expect.stringContaining('<p>Hello Юлия'),
      text: expect.stringContaining('Hello Юлия'),
    },
    {
      to: [{ address: 'bob@example.org' }],
      html: expect.stringContaining('Order <b>4711</b>'),
      attachments: [{ filename: 'order.txt' }],
    },
  ])
})

/** The version of each package that a lock file has for every machine, by its folder. */
async function versionsIn(file: string): Promise<Readonly<Record<string, string>>> {
  const { packages } = lockSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  return Object.fromEntries(
    Object.entries(packages).flatMap(([folder, { version, optional = false }]) =>
      version === undefined || optional ? [] : [[folder, version]],
    ),
  )
}
