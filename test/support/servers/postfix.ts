import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createCertificate } from '../certificate.ts'
import type { Certificate } from '../certificate.ts'
import { startDaemon } from '../daemon.ts'
import { unpackDebian } from '../debian.ts'
import type { Unpacked } from '../debian.ts'
import { freePort } from '../free-port.ts'
import { mainConfig, masterConfig, POSTFIX_REALM, saslConfig } from './postfix-config.ts'
import { checkPrivateMachine, onPrivateMachine } from './private-machine.ts'

export interface PostfixOptions {
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>
  /** What AUTH offers; all basic ones by default. */
  readonly mechanisms?: readonly string[]
  /** What else `main.cf` says; `authority.pem` lies in `$queue_directory/..`. */
  readonly settings?: Readonly<Record<string, string>>
  /** Whose client certificates it trusts, as PEM. */
  readonly authority?: string
}

/** A real Postfix with logins by Cyrus SASL, which keeps whatever it is sent. */
export interface Postfix extends AsyncDisposable {
  /** SMTP, with STARTTLS: before it there is no AUTH. */
  readonly port: number
  /** TLS from the first byte. */
  readonly tlsPort: number
  readonly certificate: Certificate
  /** What is in the mailbox: a text for each recipient of each message. */
  messages(): Promise<readonly string[]>
  /** Everything that it has logged so far. */
  log(): Promise<string>
}

/** Postfix and Cyrus SASL, unpacked from the distribution, where both can run. */
export async function findPostfix(): Promise<Unpacked> {
  await checkPrivateMachine()
  return unpackPostfix()
}

/** The same, for those of its programs that run anywhere. */
export async function unpackPostfix(): Promise<Unpacked> {
  return unpackDebian({
    name: 'postfix',
    packages: ['postfix', 'sasl2-bin', 'libsasl2-modules', 'libsasl2-modules-db', 'libsasl2-2'],
    programs: ['usr/lib/postfix/sbin/smtpd', 'usr/sbin/saslpasswd2'],
    libraries: ['postfix'],
  })
}

/** Starts Postfix on free ports, with a folder of its own that goes when it is disposed. */
export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const postfix = await findPostfix()
  const folder = await mkdtemp(join(tmpdir(), 'mailroom-postfix-'))
  await chmod(folder, 0o755)
  const [port, tlsPort] = [await freePort(), await freePort()]
  const certificate = createCertificate({ hosts: ['mail.example.test', 'localhost', '127.0.0.1'] })
  await writeFiles({ folder, port, tlsPort }, options, certificate)
  const machine = { folder, packages: [postfix], users: ['postfix', 'postdrop'] }
  const [command, ...args] = await onPrivateMachine(machine, ['sh', '-c', START, 'sh', folder])
  const daemon = await startDaemon({ program: { command, env: {} }, args, port, cwd: folder })
  return {
    port,
    tlsPort,
    certificate,
    messages: () => readFolder(join(folder, 'mail/new')),
    log: () => readFile(join(folder, 'log'), 'utf8').catch(() => ''),
    [Symbol.asyncDispose]: async () => {
      await daemon.end()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** Cyrus keeps each user's name and password, one line after the other, in its own file. */
const START = `set -e
cd "$1"
while IFS= read -r user && IFS= read -r password; do
  printf %s "$password" | saslpasswd2 -p -c -u ${POSTFIX_REALM} -f "$1/sasldb2" "$user"
done < accounts
chown -R postfix: queue data sasldb2
chown root queue queue/pid
chgrp postdrop queue/public queue/maildrop
chown 65534 mail
exec /usr/lib/postfix/sbin/master -c "$1/etc"`

const QUEUES =
  'active bounce corrupt defer deferred flush hold incoming private public maildrop pid saved trace'

async function writeFiles(
  place: { readonly folder: string; readonly port: number; readonly tlsPort: number },
  options: PostfixOptions,
  certificate: Certificate,
): Promise<void> {
  const { folder } = place
  const { users, mechanisms = ['SCRAM-SHA-256', 'CRAM-MD5', 'PLAIN', 'LOGIN'] } = options
  for (const name of [
    'etc/sasl',
    'data',
    'mail',
    ...QUEUES.split(' ').map((queue) => `queue/${queue}`),
  ]) {
    await mkdir(join(folder, name), { recursive: true })
  }
  const files = {
    'etc/main.cf': mainConfig(place, options.settings),
    'etc/master.cf': masterConfig(place),
    'etc/sasl/smtpd.conf': saslConfig(place, mechanisms),
    'chain.pem': certificate.key + certificate.cert,
    'authority.pem': options.authority ?? '',
    accounts: Object.entries(users)
      .map((pair) => `${pair.join('\n')}\n`)
      .join(''),
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
}

async function readFolder(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
}
