import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { startDaemon } from '../daemon.ts'
import type { Daemon } from '../daemon.ts'
import type { Unpacked } from '../debian.ts'
import { freePort } from '../free-port.ts'
import { findKerberos } from './kerberos-packages.ts'

const run = promisify(execFile)

export const REALM = 'EXAMPLE.TEST'

/** A KDC with a realm of its own, which goes when it is disposed. */
export interface KerberosRealm extends AsyncDisposable {
  /** The folder of everything; others may read in it. */
  readonly folder: string
  readonly port: number
  /** The `krb5.conf` that leads to it: `KRB5_CONFIG` of clients and servers. */
  readonly config: string
  /** Makes principals with random keys, and writes the keys of them all to one file. */
  keytab(file: string, ...principals: readonly string[]): Promise<string>
  /** Gives a principal new keys; a keytab of the old ones is worth nothing any more. */
  changeKeys(principal: string): Promise<void>
  /** Asks the KDC's administration, such as `modprinc -expire yesterday alice`. */
  admin(query: string): Promise<void>
  /** Gets a ticket with a keytab, for `lifetime` such as `10m`, and writes it to the file `cache`. */
  kinit(principal: string, files: TicketFiles): Promise<void>
  /** Ends the KDC; nobody answers on its port any more. */
  stop(): Promise<void>
  /** Starts it again, with a clock that differs by so much, such as `+20m`. */
  restart(clock?: string): Promise<void>
}

interface TicketFiles {
  readonly keytab: string
  readonly cache: string
  readonly lifetime?: string
}

/** Starts a realm without any principals of services and clients. */
export async function startRealm(): Promise<KerberosRealm> {
  const unpacked = await findKerberos()
  const folder = await mkdtemp(join(tmpdir(), 'mailroom-kdc-'))
  await chmod(folder, 0o755)
  const port = await freePort()
  const config = join(folder, 'krb5.conf')
  const profile = join(folder, 'kdc.conf')
  await writeFile(config, krb5Conf(port))
  await writeFile(profile, kdcConf(folder, port, unpacked))
  const env = { ...unpacked.env, KRB5_CONFIG: config, KRB5_KDC_PROFILE: profile }
  const tool = async (program: string, ...args: readonly string[]): Promise<void> => {
    await run(join(unpacked.root, program), args, { env: { ...process.env, ...env }, cwd: folder })
  }
  const admin = (query: string) => tool('usr/sbin/kadmin.local', '-q', query)
  await tool('usr/sbin/kdb5_util', 'create', '-s', '-r', REALM, '-P', 'master')

  const start = (clock?: string): Promise<Daemon> =>
    startDaemon({
      program: {
        command: join(unpacked.root, 'usr/sbin/krb5kdc'),
        env: clock === undefined ? env : { ...env, ...movedClock(unpacked, clock) },
      },
      args: ['-n'],
      port,
      cwd: folder,
    })
  let kdc = await start()
  return {
    folder,
    port,
    config,
    keytab: async (file, ...principals) => {
      const path = join(folder, file)
      for (const principal of principals) {
        await admin(`addprinc -randkey ${principal}`)
        await admin(`ktadd -k ${path} -norandkey ${principal}`)
      }
      await chmod(path, 0o644)
      return path
    },
    changeKeys: (principal) => admin(`cpw -randkey ${principal}`),
    admin,
    kinit: (principal, { keytab, cache, lifetime = '10m' }) =>
      tool('usr/bin/kinit', '-c', cache, '-k', '-t', keytab, '-l', lifetime, principal),
    stop: () => kdc.end(),
    restart: async (clock) => {
      await kdc.end()
      kdc = await start(clock)
    },
    [Symbol.asyncDispose]: async () => {
      await kdc.end()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

/** What leads clients to a KDC. Nothing is looked up in DNS, and nothing else of this machine counts. */
export function krb5Conf(port: number): string {
  return `
[libdefaults]
 default_realm = ${REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 ${REALM} = {
  kdc = 127.0.0.1:${port}
 }
[domain_realm]
 .example.test = ${REALM}
 example.test = ${REALM}
 .elsewhere.test = ELSEWHERE.TEST
`
}

function kdcConf(folder: string, port: number, { env }: Unpacked): string {
  const [libraries = ''] = env.LD_LIBRARY_PATH.split(':')
  return `
[kdcdefaults]
 kdc_listen = 127.0.0.1:${port}
 kdc_tcp_listen = 127.0.0.1:${port}
[realms]
 ${REALM} = {
  database_name = ${folder}/principal
  key_stash_file = ${folder}/stash
  acl_file = ${folder}/kadm5.acl
  max_life = 10h 0m 0s
  supported_enctypes = aes256-cts-hmac-sha1-96:normal
 }
[dbmodules]
 db_module_dir = ${libraries}/krb5/plugins/kdb
[logging]
 kdc = FILE:${folder}/kdc.log
`
}

function movedClock({ env }: Unpacked, clock: string): Readonly<Record<string, string>> {
  const [libraries = ''] = env.LD_LIBRARY_PATH.split(':')
  return { LD_PRELOAD: join(libraries, 'faketime/libfaketime.so.1'), FAKETIME: clock }
}
