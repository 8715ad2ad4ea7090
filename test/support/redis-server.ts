import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { type Daemon, type Program, startDaemon } from './daemon.ts'
import { unpackDebian } from './debian.ts'
import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** A Redis of one test, on a port and in a folder of its own. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Ends it in good order; `restart` brings it back with its data. */
  stop(): Promise<void>
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same port with what its append-only file holds. */
  restart(): Promise<void>
}

/** How Redis or Valkey is started here: from PATH, else unpacked from the distribution. */
export async function findRedis(): Promise<Program> {
  const installed = await findProgram(['redis-server', 'valkey-server'])
  if (installed !== undefined) return { command: installed, env: {} }
  const unpacked = await unpackDebian({
    name: 'redis',
    packages: ['redis-server', 'redis-tools'],
    programs: ['usr/bin/redis-server'],
  })
  return { command: join(unpacked.root, 'usr/bin/redis-server'), env: unpacked.env }
}

/**
 * Starts a Redis of its own with the settings that Mailroom asks for: append-only, everysec,
 * noeviction. `args` come last and so win, for example `['--maxmemory-policy', 'allkeys-lru']`.
 *
 * Its file is in memory: on a disk that is slow to flush, Redis puts off its writes for up to two
 * seconds and loses them with its process (docs/guarantees.md), which would be a matter of luck here.
 */
export async function startRedis(
  options: { readonly args?: readonly string[] | ((port: number) => readonly string[]) } = {},
): Promise<RedisServer> {
  const program = await findRedis()
  const folder = await temporaryDirectory('memory')
  const cwd = folder.path
  const port = await freePort()
  const settings = {
    bind: '127.0.0.1',
    port,
    dir: cwd,
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const { args: more = [] } = options
  const last = typeof more === 'function' ? more(port) : more
  const start = (): Promise<Daemon> =>
    startDaemon({ program, args: [...args, '--save', '', ...last], port, cwd })

  const removeAtExit = (): void => rmSync(cwd, { recursive: true, force: true })
  process.once('exit', removeAtExit)
  let daemon = await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return daemon.pid
    },
    stop: () => daemon.end(),
    kill: () => daemon.end('SIGKILL'),
    restart: async () => {
      await daemon.end()
      daemon = await start()
    },
    [Symbol.asyncDispose]: async () => {
      await daemon.end()
      process.off('exit', removeAtExit)
      await folder[Symbol.asyncDispose]()
    },
  }
}
