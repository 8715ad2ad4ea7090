import { execFile } from 'node:child_process'
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { type Account, chooseAccount } from '../../src/store/embedded/account.ts'
import { type Binaries, PROGRAM_ENV, prepareBinaries } from '../../src/store/embedded/binaries.ts'
import { findBinaryPackage } from '../../src/store/embedded/package.ts'
import { createCertificate } from './certificate.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { freePort } from './free-port.ts'
import { connectPostgres, createUsers } from './postgres-users.ts'
import { type Medium, temporaryDirectory } from './temporary-directory.ts'

/** The users of the database, as `docs/stores.md` makes them. */
export type PostgresUser = 'mailroom_owner' | 'mailroom'

/** A plain Postgres as others run it: TLS only, a database for Mailroom and the two users. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number
  /** Where it is for one of the users, with whatever else a location may say. */
  locate(user: PostgresUser, parameters?: Readonly<Record<string, string>>): string
  /** The same for the superuser, in the database that every server has. */
  readonly superuser: string
  /** The files of the authority that signed its certificate, and of one that did not. */
  readonly authority: string
  readonly stranger: string
  stop(): Promise<void>
  /** Ends it as a crash does: every process at once. */
  kill(): Promise<void>
  /** Starts it again and waits until it takes connections. */
  restart(): Promise<void>
}

const PASSWORD = 'rätsel/1'

/** Loopback only, small, and without waiting for a disk that no test pulls the plug of. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  max_connections: '300',
  fsync: 'off',
  ssl: 'on',
  ssl_cert_file: 'server.crt',
  ssl_key_file: 'server.key',
} as const

/** Starts one with data of its own; `args` come last and so win, for example `['-c', 'fsync=on']`. */
export async function startPostgres(
  options: { readonly args?: readonly string[]; readonly medium?: Medium } = {},
): Promise<PostgresServer> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryDirectory(options.medium)).path
  const data = join(folder, 'data')
  const account = await chooseAccount(data)
  const binaries = await prepareBinaries(await findBinaryPackage(), account)
  if (account !== undefined) await chown(folder, account.uid, account.gid)
  await initialise(folder, data, binaries, account)
  const port = await freePort()
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const start = (): Promise<Daemon> =>
    startDaemon({
      program: { command: binaries.postgres, env: PROGRAM_ENV },
      args: ['-D', data, '-p', String(port), ...settings, ...(options.args ?? [])],
      port,
      cwd: folder,
      ...account,
    })
  let daemon = await start()
  stack.defer(() => daemon.end('SIGINT'))

  const authority = join(folder, 'authority.crt')
  const locateAs = (user: string, database: string, parameters = {}): string => {
    const query = new URLSearchParams({
      sslmode: 'verify-full',
      sslrootcert: authority,
      ...parameters,
    })
    const login = `${user}:${encodeURIComponent(PASSWORD)}`
    return `postgres://${login}@127.0.0.1:${port}/${database}?${query.toString()}`
  }
  const superuser = locateAs('postgres', 'postgres')
  await createUsers(superuser, locateAs('mailroom_owner', 'mailroom'), PASSWORD)
  const held = stack.move()
  return {
    port,
    locate: (user, parameters) => locateAs(user, 'mailroom', parameters),
    superuser,
    authority,
    stranger: join(folder, 'stranger.crt'),
    stop: () => daemon.end('SIGINT'),
    kill: () => daemon.end('SIGKILL'),
    restart: async () => {
      await daemon.end('SIGINT')
      daemon = await untilStarted(start)
      await (await connectPostgres(superuser)).end()
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

async function initialise(
  folder: string,
  data: string,
  { initdb }: Binaries,
  account: Account | undefined,
): Promise<void> {
  const password = join(folder, 'password')
  await writeFile(password, PASSWORD)
  await mkdir(data, { mode: 0o700 })
  const give = async (file: string): Promise<void> => {
    if (account !== undefined) await chown(file, account.uid, account.gid)
  }
  await give(password)
  await give(data)
  const login = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', password]
  const args = ['-D', data, ...login, '-E', 'UTF8', '--locale=C', '--no-instructions', '--no-sync']
  await promisify(execFile)(initdb, args, { ...account, cwd: '/', env: PROGRAM_ENV })

  const authority = createCertificate({ hosts: ['Authority'], isAuthority: true })
  const stranger = createCertificate({ hosts: ['Stranger'], isAuthority: true })
  const own = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })
  const files: Readonly<Record<string, string>> = {
    [join(folder, 'authority.crt')]: authority.cert,
    [join(folder, 'stranger.crt')]: stranger.cert,
    [join(data, 'server.crt')]: own.cert,
    [join(data, 'server.key')]: own.key,
    [join(data, 'pg_hba.conf')]: 'hostssl all all 127.0.0.1/32 scram-sha-256\n',
  }
  for (const [file, text] of Object.entries(files)) {
    await writeFile(file, text, { mode: file.startsWith(data) ? 0o600 : 0o644 })
    if (file.startsWith(data)) await give(file)
  }
}

/** After a crash a server refuses to start while processes of the old one live. */
async function untilStarted(start: () => Promise<Daemon>): Promise<Daemon> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start()
    } catch (error) {
      if (tries === 100) throw error
      await sleep(50)
    }
  }
}
