import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { jsonLines, startCli, type CliResult, type RunningCli } from './cli.ts'
import { runInside } from './cli-inside.ts'
import { uniquePrefix } from './redis.ts'
import { startSmtpServer, type TestSmtpServer } from './smtp-server.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** What the relay of `startRelay` asks for. */
export const PASSWORD = 'hunter2-of-the-relay'
/** The sender and the recipient of what `send` sends. */
export const ADDRESSES = ['alice@example.com', 'bob@example.org']
const [FROM = '', TO = ''] = ADDRESSES

/** A directory with a configuration, and commands that run in it. */
export interface Project extends AsyncDisposable {
  /** Where its commands run. */
  readonly directory: string
  /** Adds to the configuration, or replaces what it has. */
  configure(more: Readonly<Record<string, unknown>>): Promise<void>
  /** Runs a command that ends soon, within this process. */
  run(args: readonly string[], input?: string | Buffer): Promise<CliResult>
  /** Starts a command in a process of its own. */
  start(...args: readonly string[]): RunningCli
  startWorker(...args: readonly string[]): RunningCli
  /** `mailroom send --json` of a small message through the first connection. */
  send(...args: readonly string[]): Promise<CliResult>
}

/** Makes a project on a Redis whose connection managers are `servers`: ports by name. */
export async function openProject(
  redis: string,
  servers: Readonly<Record<string, number>>,
): Promise<Project> {
  const directory = await temporaryDirectory()
  const connections = Object.fromEntries(
    Object.entries(servers).map(([name, port]) => [
      name,
      {
        server: '127.0.0.1',
        port,
        tls: 'none',
        auth: {
          method: 'basic',
          user: 'mailroom',
          password: '${env:RELAY_PASSWORD}',
          allowInsecureAuth: true,
        },
      },
    ]),
  )
  const config = { queue: '${env:QUEUE}', prefix: uniquePrefix(), connections }
  const configure = (more: Readonly<Record<string, unknown>>): Promise<void> =>
    writeFile(
      path.join(directory.path, 'mailroom.config.json'),
      JSON.stringify({ ...config, ...more }),
    )
  await configure({})
  const options = { cwd: directory.path, env: { RELAY_PASSWORD: PASSWORD, QUEUE: redis } }
  const [name = ''] = Object.keys(servers)
  return {
    directory: directory.path,
    configure,
    run: (args, input = '') => runInside(args, { ...options, input }),
    start: (...args) => startCli(args, options),
    startWorker: (...args) => startCli(['worker', '--allow-unsafe-store', ...args], options),
    send: (...args) =>
      runInside(
        [
          'send',
          '--json',
          '--connection',
          name,
          '--from',
          FROM,
          '--to',
          TO,
          '--text',
          'hi',
          ...args,
        ],
        options,
      ),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

/** Starts an SMTP server that knows the project's password. */
export async function startRelay(
  options: Parameters<typeof startSmtpServer>[0] = {},
): Promise<TestSmtpServer> {
  return startSmtpServer({ users: { mailroom: PASSWORD }, ...options })
}

/** The id of the message that `mailroom send --json` told of. */
export function idOf({ out }: CliResult): string {
  return String(jsonLines(out)[0]?.['id'])
}
