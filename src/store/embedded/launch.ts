import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, open, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Account } from './account.ts'
import { type Binaries, PROGRAM_ENV } from './binaries.ts'
import { type Place, readVersion } from './directory.ts'
import { EmbeddedDirUnwritableError, EmbeddedVersionMismatchError } from './errors.ts'
import { readPostmaster } from './postmaster.ts'

/** On loopback only; one machine's small store; and no content of mails in the log. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  max_connections: '200',
  idle_in_transaction_session_timeout: '300s',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
} as const

export interface LaunchOptions {
  readonly place: Place
  readonly binaries: Binaries
  readonly account: Account | undefined
  readonly deadline: number
  readonly signal: AbortSignal
}

/**
 * Starts the server, detached from us, and waits until it is ready.
 *
 * Answers its process id, or nothing when it ended instead, as it does when somebody else's server
 * was first.
 * Throws `EmbeddedVersionMismatchError`.
 */
export async function launch(options: LaunchOptions): Promise<number | undefined> {
  const { place, binaries, account, deadline, signal } = options
  const version = await readVersion(place)
  if (version !== undefined && version !== String(binaries.major)) {
    throw new EmbeddedVersionMismatchError(place.directory, version, binaries.major)
  }
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const log = await openLog(place, account)
  const port = String(await freePort())
  const server = spawn(binaries.postgres, ['-D', place.data, '-p', port, ...settings], {
    ...account,
    cwd: '/',
    env: PROGRAM_ENV,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  server.once('error', () => undefined) // then it has no process id
  server.unref()
  await log.close()

  while (server.pid !== undefined && server.exitCode === null && server.signalCode === null) {
    const found = await readPostmaster(place)
    if (found !== undefined && found.pid === server.pid && found.isReady) return server.pid
    if (signal.aborted || Date.now() > deadline) {
      server.kill('SIGINT')
      return undefined
    }
    await sleep(10)
  }
  return undefined
}

/** The last thing that the server said; for people. */
export async function lastLogLine({ log }: Place): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trim().split('\n').at(-1) ?? ''
}

async function openLog(
  { directory, log }: Place,
  account: Account | undefined,
): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    const file = await open(log, 'a', 0o600)
    // For the day on which its owner runs it without us.
    if (account !== undefined) await chown(log, account.uid, account.gid)
    return file
  } catch (error) {
    throw new EmbeddedDirUnwritableError(directory, error)
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
