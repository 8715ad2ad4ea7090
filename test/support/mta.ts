import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { startDaemon } from './daemon.ts'
import { type Unpacked, unpackDebian } from './debian.ts'
import { freePort } from './free-port.ts'
import type { Certificate } from './certificate.ts'
import { mtaConfig, type MtaLimits, type MtaLogins } from './mta-config.ts'

/** A message as a real mail server took it, with the envelope that it came in. */
export interface ArrivedMessage {
  /** The envelope's sender; empty for the null reverse-path. */
  readonly from: string
  /** The envelope's recipients, all of one transaction. */
  readonly to: readonly string[]
  /** The bytes after the server's own trace headers of the envelope, with LF line ends. */
  readonly raw: Buffer
}

export interface MtaOptions extends MtaLimits {
  /** Whose mail it takes; everybody's by default. */
  readonly logins?: MtaLogins
  /** With it the server offers STARTTLS. */
  readonly certificate?: Certificate
  /** What of TLS it speaks, as GnuTLS has it; what is good by default. */
  readonly tlsPriority?: string
}

/** A real mail server of one test that keeps whatever it is sent. */
export interface Mta extends AsyncDisposable {
  readonly port: number
  /** Everything that is in the mailbox so far, in the order of arrival; cheap to ask again. */
  messages(): Promise<readonly ArrivedMessage[]>
  /** Ends the server in good order; what arrived can still be read. */
  stop(): Promise<void>
}

/** The user that Exim runs as when we are root; it refuses to deliver as root. */
const NOBODY = 65534

/** Exim, unpacked from the distribution and never from PATH, where it is set-uid. */
export async function findMta(): Promise<Unpacked> {
  return unpackDebian({
    name: 'exim',
    packages: ['exim4-daemon-light', 'exim4-base', 'libnss-wrapper'],
    programs: ['usr/sbin/exim4'],
  })
}

/** The Exim that can ask about logins and speak TLS. */
export async function findMtaWithLogins(): Promise<Unpacked> {
  return unpackDebian({
    name: 'exim-heavy',
    packages: ['exim4-daemon-heavy', 'exim4-base', 'libnss-wrapper'],
    programs: ['usr/sbin/exim4'],
  })
}

/** Starts a real Exim on a free port, with a folder of its own that goes when it is disposed. */
export async function startMta(options: MtaOptions = {}): Promise<Mta> {
  const { logins, certificate } = options
  const unpacked = await (logins || certificate ? findMtaWithLogins() : findMta())
  const isRoot = process.getuid?.() === 0
  const user = isRoot ? NOBODY : (process.getuid?.() ?? NOBODY)
  const group = isRoot ? NOBODY : (process.getgid?.() ?? NOBODY)
  const folder = await mkdtemp(join(tmpdir(), 'mailroom-mta-'))
  const port = await freePort()
  // Root's checkout may lie where nobody else can look: its Exim runs from a copy.
  const program = join(isRoot ? await copyProgram(unpacked, folder) : unpacked.root, EXIM)
  const libraries = isRoot ? librariesIn(unpacked, join(folder, 'program')) : unpacked.env

  const write = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content)
    await chmod(join(folder, name), 0o644)
    return join(folder, name)
  }
  const tls = certificate && {
    cert: await write('cert.pem', certificate.cert),
    key: await write('key.pem', certificate.key),
    priority: options.tlsPriority,
  }
  const config = await write('exim.conf', mtaConfig({ folder, program, port }, { ...options, tls }))
  const passwd = await write('passwd', `Debian-exim:x:${user}:${group}::/:/usr/sbin/nologin\n`)
  const groups = await write('group', `Debian-exim:x:${group}:\n`)
  for (const name of ['spool', 'log', 'mail']) {
    await mkdir(join(folder, name))
    if (isRoot) await chown(join(folder, name), user, group)
  }
  await chmod(folder, 0o755)

  const wrapper = libraries.LD_LIBRARY_PATH.split(':')[0] ?? ''
  const daemon = await startDaemon({
    program: {
      command: program,
      env: {
        ...libraries,
        LD_PRELOAD: join(wrapper, 'libnss_wrapper.so'),
        NSS_WRAPPER_PASSWD: passwd,
        NSS_WRAPPER_GROUP: groups,
      },
    },
    args: ['-C', config, '-bdf', '-q1m'],
    port,
    cwd: folder,
    ...(isRoot ? { uid: user, gid: group } : {}),
  })
  return {
    port,
    messages: readMaildir(join(folder, 'mail/new')),
    stop: () => daemon.end(),
    [Symbol.asyncDispose]: async () => {
      await daemon.end()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

const EXIM = 'usr/sbin/exim4'

async function copyProgram(unpacked: Unpacked, folder: string): Promise<string> {
  const copy = join(folder, 'program')
  await cp(join(unpacked.root, EXIM), join(copy, EXIM))
  for (const lib of unpacked.env.LD_LIBRARY_PATH.split(':')) {
    const target = join(copy, 'lib', basename(lib))
    await cp(lib, target, { recursive: true, verbatimSymlinks: true }).catch(() => undefined)
  }
  return copy
}

function librariesIn(unpacked: Unpacked, copy: string): Unpacked['env'] {
  const folders = unpacked.env.LD_LIBRARY_PATH.split(':')
  return { LD_LIBRARY_PATH: folders.map((lib) => join(copy, 'lib', basename(lib))).join(':') }
}

/** Reads each file of the mailbox once: Exim puts complete files there and never changes them. */
function readMaildir(folder: string): Mta['messages'] {
  const known = new Map<string, ArrivedMessage>()
  return async () => {
    const names = (await readdir(folder).catch(() => [])).toSorted((one, other) =>
      one.localeCompare(other),
    )
    for (const name of names) {
      if (!known.has(name)) known.set(name, parseArrived(await readFile(join(folder, name))))
    }
    return names.flatMap((name) => known.get(name) ?? [])
  }
}

/** Takes the two headers off that Exim put in front of what it received. */
function parseArrived(file: Buffer): ArrivedMessage {
  const text = file.toString('latin1')
  const head = /^Return-path: <([^>]*)>\nEnvelope-to: ((?:.*\n)(?:[ \t].*\n)*)/.exec(text)
  if (!head) throw new Error(`expected Return-path and Envelope-to, got ${text.slice(0, 200)}`)
  const [whole, from = '', to = ''] = head
  return {
    from: decode(from),
    to: to.split(',').map((address) => decode(address.trim())),
    raw: file.subarray(whole.length),
  }
}

function decode(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
