import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect } from 'vitest'

import { attachEmbedded } from '../../src/store/embedded/attach.ts'
import { findProgram } from '../support/find-program.ts'
import { startRedis } from '../support/redis-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { readerPorts } from './reader-ports.ts'

interface Shell {
  /** Runs a command to its end and expects that it succeeds. */
  run(command: string): Promise<string>
  /** Starts a command that runs until Ctrl-C, and waits until it says `ready`. */
  start(command: string, ready: string): Promise<AsyncDisposable>
}

/** Commands that run until somebody stops them, and what they say when they are up. */
const LASTING: Readonly<Record<string, string>> = {
  dev: 'ready',
  worker: 'health at',
  dashboard: 'http://127.0.0.1:3080',
  catch: 'smtp://127.0.0.1:',
}

/**
 * Runs every `mailroom …` of the documents as written, but for the addresses of the reader's servers.
 *
 * Those that need a worker have the documented one; those that need no configuration have `dev`.
 * Answers how many commands there are.
 */
export async function runDocumentedCommands(root: string): Promise<number> {
  const commands = await documentedCommands(root)
  await using relay = await startSmtpServer()
  await using redis = await startRedis()
  await using postgres = await startPostgres()
  await using configured = await temporaryDirectory()
  await using bare = await temporaryDirectory()
  const shell = await openShell(root, configured.path)
  await fillProject(configured.path, relay.port)
  const here = (command: string): string =>
    command
      .replace('postgres://mailroom@127.0.0.1/mailroom', postgres.url)
      .replace('redis://127.0.0.1:6379', redis.url)

  const lasting = commands.filter((command) => nameOf(command) in LASTING)
  const [worker = ''] = lasting.filter((command) => nameOf(command) === 'worker')
  {
    await using _health = await readerPorts('health')
    await using _worker = await shell.start(here(worker), LASTING['worker'] ?? '')
    const ending = commands.filter(
      (command) =>
        !lasting.includes(command) && !belongsToDev(command) && nameOf(command) !== 'init',
    )
    for (const command of ending) await shell.run(here(command))
    await expect.poll(() => relay.mails.length).toBe(7)
  }
  const alone = lasting.filter((command) => ['dashboard', 'catch'].includes(nameOf(command)))
  for (const command of alone) {
    await using _ports = await readerPorts('pages')
    await using _ = await shell.start(here(command), LASTING[nameOf(command)] ?? '')
  }
  for (const command of commands.filter((some) => nameOf(some) === 'init')) {
    await using empty = await temporaryDirectory()
    await (await openShell(root, empty.path)).run(command)
  }
  const beside = await openShell(root, bare.path)
  await using _ports = await readerPorts('pages')
  await using _dev = await beside.start('mailroom dev', LASTING['dev'] ?? '')
  for (const command of commands.filter((some) => belongsToDev(some) && nameOf(some) !== 'dev')) {
    await beside.run(command)
  }
  const mails = async (): Promise<number> =>
    (await readdir(join(bare.path, '.mailroom/mails'))).length
  await expect.poll(mails).toBe(1)
  return commands.length
}

async function documentedCommands(root: string): Promise<readonly string[]> {
  const pages = await readdir(join(root, 'docs'), { recursive: true })
  const names = ['README.md', ...pages.map((page) => `docs/${page}`)].filter((name) =>
    name.endsWith('.md'),
  )
  const hasJq = (await findProgram(['jq'])) !== undefined
  const texts = await Promise.all(names.map((name) => readFile(join(root, name), 'utf8')))
  return texts
    .flatMap((text) => [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? ''))
    .flatMap((block) => block.replaceAll(/\\\n\s*/g, '').split('\n'))
    .filter((line) => /\bmailroom \w/.test(line))
    .map((line) => (hasJq ? line : line.replace(/\| jq .*/, '')))
}

/** Whether a command is `dev`, or one that is documented beside it. */
function belongsToDev(command: string): boolean {
  return /mailroom dev|MAILROOM_QUEUE=/.test(command)
}

function nameOf(command: string): string {
  return /mailroom (\w+)/.exec(command)?.[1] ?? ''
}

async function fillProject(cwd: string, port: number): Promise<void> {
  const server = { server: '127.0.0.1', port, tls: 'none', from: 'app@example.com' }
  const config = { queue: 'embedded:.mailroom/store', connections: { relay: server, bulk: server } }
  const job = {
    connection: 'relay',
    message: { to: 'bob@example.org', subject: 'From a job', text: 'Hello' },
  }
  const files: Readonly<Record<string, string>> = {
    'mailroom.config.json': JSON.stringify(config),
    'letter.txt': 'Dear all',
    'recipients.csv': 'to,name,number\nann@example.org,Ann,1\nbob@example.org,Bob,2\n',
    'invoice.pdf': '%PDF-1.4',
    'job.json': JSON.stringify(job),
    'message.eml': 'From: a@example.com\r\nTo: bob@example.org\r\nSubject: Hi\r\n\r\nHello\r\n',
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content)
}

async function openShell(root: string, cwd: string): Promise<Shell> {
  await chmod(cwd, 0o711)
  const bin = join(cwd, 'bin')
  await mkdir(bin)
  const main = `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'src/cli/main.ts')}" "$@"\n`
  await writeFile(join(bin, 'mailroom'), main, { mode: 0o755 })
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const env = { PATH: `${bin}:${PATH}`, HOME: cwd, NODE_COMPILE_CACHE }

  const launch = (command: string) => {
    const child = spawn('bash', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { text: '' }
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (said.text += chunk.toString()))
    }
    return { child, said, ended: once(child, 'close') }
  }
  return {
    run: async (command) => {
      const { child, said, ended } = launch(command)
      await ended
      expect(child.exitCode, `${command}\n${said.text}`).toBe(0)
      return said.text
    },
    start: async (command, ready) => {
      const { child, said, ended } = launch(`exec ${command}`)
      await expect.poll(() => said.text, { message: command }).toContain(ready)
      return {
        [Symbol.asyncDispose]: async () => {
          child.kill('SIGINT')
          await ended
          expect(child.exitCode, `${command}\n${said.text}`).toBe(0)
        },
      }
    },
  }
}

/** A Postgres like the reader's, with its address. */
async function startPostgres(): Promise<AsyncDisposable & { readonly url: string }> {
  const directory = await temporaryDirectory()
  await chmod(directory.path, 0o711)
  const server = await attachEmbedded(join(directory.path, 'store'))
  const { host, port, user, password, database } = await server.parameters()
  return {
    url: `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`,
    [Symbol.asyncDispose]: async () => {
      await server.detach()
      await directory[Symbol.asyncDispose]()
    },
  }
}
