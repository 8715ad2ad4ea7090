import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Certificate } from '../certificate.ts'
import { startDaemon } from '../daemon.ts'
import type { Program } from '../daemon.ts'
import { DebianUnavailableError, unpackDebian } from '../debian.ts'
import { freePort } from '../free-port.ts'
import { WINDOWS_ACCOUNT } from './dovecot.ts'

const run = promisify(execFile)

/** What the server tells of one login or one message, in order. */
export type BoundEvent =
  | { readonly login: string; readonly user: string; readonly bound: boolean }
  | { readonly login: string; readonly refused: string }
  | { readonly mail: string; readonly user: string }

export interface BoundOptions {
  readonly certificate: Certificate
  /** Whether it lets in whoever is bound to nothing, or only whoever is bound to its certificate. */
  readonly binding: 'welcome' | 'demanded'
  /** What GSSAPI needs: the service's keys, and the way to the KDC. */
  readonly kerberos?: { readonly keytab: string; readonly config: string }
}

/**
 * A mail server over TLS from the first byte that asks MIT's GSSAPI and gss-ntlmssp about logins, with
 * the binding to its certificate; for the account of `WINDOWS_ACCOUNT`.
 */
export interface BoundSmtpServer extends AsyncDisposable {
  readonly port: number
  told(): Promise<readonly BoundEvent[]>
}

/** Python with bindings to GSSAPI, and NTLM for that, unpacked from the distribution. */
export async function findAcceptor(): Promise<Program> {
  const { root, env } = await unpackDebian({
    name: 'gssapi',
    packages: ['gss-ntlmssp', 'python3-gssapi'],
    programs: [],
  })
  const unpacked = join(root, 'usr/bin/python3')
  const command = existsSync(unpacked) ? unpacked : '/usr/bin/python3'
  const told = await readFile(join(root, 'etc/gss/mech.d/mech.ntlmssp.conf'), 'utf8')
  const mechanisms = join(root, 'mechanisms')
  // The file tells where the library would be if it were installed.
  await writeFile(mechanisms, told.replace(/(?<=\s)\/usr\//, `${root}/usr/`))
  const program = {
    command,
    env: {
      ...env,
      PYTHONPATH: join(root, 'usr/lib/python3/dist-packages'),
      GSS_MECH_CONFIG: mechanisms,
    },
  }
  try {
    await run(command, ['-c', 'import gssapi'], { env: { ...process.env, ...program.env } })
  } catch (error) {
    throw new DebianUnavailableError('its GSSAPI for Python does not load', { cause: error })
  }
  return program
}

/** Starts it on a free port, with a folder of its own that goes when it is disposed. */
export async function startBoundSmtpServer(options: BoundOptions): Promise<BoundSmtpServer> {
  const { certificate, binding, kerberos } = options
  const { command, env } = await findAcceptor()
  const folder = await mkdtemp(join(tmpdir(), 'mailroom-bound-'))
  const port = await freePort()
  const { domain, user, password } = WINDOWS_ACCOUNT
  const [users, cert, key, log] = ['users', 'cert.pem', 'key.pem', 'log'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]
  await writeFile(users, `${domain}:${user}:${password}\n`)
  await writeFile(cert, certificate.cert)
  await writeFile(key, certificate.key, { mode: 0o600 })
  await appendFile(log, '')
  const script = join(import.meta.dirname, 'bound-smtp-server.py')
  const keys = kerberos && { KRB5_KTNAME: kerberos.keytab, KRB5_CONFIG: kerberos.config }
  const daemon = await startDaemon({
    program: {
      command: 'sh',
      env: { ...env, ...keys, NTLM_USER_FILE: users, PYTHONDONTWRITEBYTECODE: '1' },
    },
    args: ['-c', 'exec "$@" > log', 'sh', command, script, String(port), cert, key, binding],
    port,
    cwd: folder,
  })
  return {
    port,
    told: async () => {
      const lines = (await readFile(log, 'utf8')).split('\n')
      return lines.slice(0, -1).map((line) => JSON.parse(line) as BoundEvent)
    },
    [Symbol.asyncDispose]: async () => {
      await daemon.end()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}
