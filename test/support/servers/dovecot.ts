import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { createCertificate } from '../certificate.ts'
import type { Certificate } from '../certificate.ts'
import { startDaemon } from '../daemon.ts'
import { unpackDebian } from '../debian.ts'
import type { Unpacked } from '../debian.ts'
import { freePort } from '../free-port.ts'
import { dovecotConfig, ntlmHelper, sambaConfig, tokenChecks } from './dovecot-config.ts'
import { checkPrivateMachine, onPrivateMachine } from './private-machine.ts'

const run = promisify(execFile)

/** The account that NTLM is checked for: any user's name of this domain, with this password. */
export const WINDOWS_ACCOUNT = {
  domain: 'CORP',
  user: 'alice',
  password: 'Secret-123',
} as const

export interface DovecotOptions {
  /** Where it sends what it takes: the port of an SMTP server on loopback that wants no login. */
  readonly relayPort: number
  /** What AUTH offers; everything but GSSAPI by default. */
  readonly mechanisms?: readonly string[]
  /** Passwords by user, for all but NTLM and GSSAPI; the account of `WINDOWS_ACCOUNT` by default. */
  readonly users?: Readonly<Record<string, string>>
  /** What GSSAPI needs: the service's keys, and the way to the KDC. */
  readonly kerberos?: { readonly keytab: string; readonly config: string }
  /** Where it asks about access tokens, and how it proves there who asks. */
  readonly introspectionUrl?: string
  /** For STARTTLS; one for `mail.example.test` and loopback by default. */
  readonly certificate?: Certificate
}

/**
 * A submission server that asks real checkers of logins.
 *
 * It confuses logins by NTLM that happen at the same time, for it has one checker for all of them:
 * give a connection manager one session.
 */
export interface Dovecot extends AsyncDisposable {
  /** SMTP, with STARTTLS. */
  readonly port: number
  /** The socket on which other servers, such as Exim and Postfix, ask it about logins. */
  readonly authSocket: string
  readonly certificate: Certificate
  /** Everything that it has logged so far. */
  log(): Promise<string>
}

/** Says that the distribution has a Dovecot whose configuration reads otherwise than ours. */
export class OtherDovecotError extends Error {}

/** Dovecot and Samba's checker of NTLM, unpacked from the distribution. */
export async function findDovecot(): Promise<Unpacked> {
  await checkPrivateMachine()
  const unpacked = await unpackDebian({
    name: 'dovecot',
    packages: ['dovecot-submissiond', 'dovecot-gssapi', 'winbind'],
    programs: ['usr/sbin/dovecot', 'usr/bin/ntlm_auth'],
    libraries: ['dovecot', 'samba'],
  })
  const program = join(unpacked.root, 'usr/sbin/dovecot')
  const { stdout } = await run(program, ['--version'], { env: unpacked.env })
  if (!stdout.startsWith('2.3.')) {
    throw new OtherDovecotError(`expected Dovecot 2.3, got ${stdout.split(' ', 1)[0]}`)
  }
  return unpacked
}

/** Starts Dovecot on a free port, with a folder of its own that goes when it is disposed. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const dovecot = await findDovecot()
  const folder = await mkdtemp(join(tmpdir(), 'mailroom-dovecot-'))
  await chmod(folder, 0o755)
  const port = await freePort()
  const certificate = options.certificate ?? createCertificate({ hosts: HOSTS })
  await writeFiles(folder, port, { ...options, certificate })
  const machine = { folder, packages: [dovecot], users: ['dovecot', 'dovenull', 'vmail'] }
  const [command, ...args] = await onPrivateMachine(machine, ['sh', '-c', START, 'sh', folder])
  const daemon = await startDaemon({
    program: { command, env: options.kerberos ? { KRB5_CONFIG: options.kerberos.config } : {} },
    args,
    port,
    cwd: folder,
  })
  return {
    port,
    authSocket: join(folder, 'run/auth-client'),
    certificate,
    log: () => readFile(join(folder, 'dovecot.log'), 'utf8').catch(() => ''),
    [Symbol.asyncDispose]: async () => {
      await daemon.end()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

const HOSTS = ['mail.example.test', 'localhost', '127.0.0.1']

const START = `chown -R dovecot: "$1/samba" && exec dovecot -F -c "$1/dovecot.conf"`

async function writeFiles(
  folder: string,
  port: number,
  options: DovecotOptions & { readonly certificate: Certificate },
): Promise<void> {
  const { relayPort, mechanisms = MECHANISMS, kerberos, certificate } = options
  const { users = { [WINDOWS_ACCOUNT.user]: WINDOWS_ACCOUNT.password } } = options
  const checksTokens = options.introspectionUrl !== undefined
  const files = {
    'dovecot.conf': dovecotConfig({ folder, port, relayPort, mechanisms, checksTokens }),
    'oauth2.conf': tokenChecks(options.introspectionUrl ?? ''),
    'smb.conf': sambaConfig(folder, WINDOWS_ACCOUNT.domain),
    'ntlm-helper.sh': ntlmHelper(folder, WINDOWS_ACCOUNT),
    accounts: Object.entries(users)
      .map(([user, password]) => `${user}:{PLAIN}${password}\n`)
      .join(''),
    'cert.pem': certificate.cert,
    'key.pem': certificate.key,
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  await chmod(join(folder, 'ntlm-helper.sh'), 0o755)
  for (const name of ['run', 'state', 'samba']) await mkdir(join(folder, name))
  if (kerberos !== undefined) await copyFile(kerberos.keytab, join(folder, 'smtp.keytab'))
  if (kerberos !== undefined) await chmod(join(folder, 'smtp.keytab'), 0o644)
}

const MECHANISMS = ['NTLM', 'SCRAM-SHA-256', 'CRAM-MD5', 'PLAIN', 'LOGIN']
