import { findMtaWithLogins } from '../mta.ts'
import { describeWith } from '../redis.ts'
import { provide } from './describe-servers.ts'
import { findAcceptor } from './bound-smtp-server.ts'
import { findDovecot } from './dovecot.ts'
import { buildKerberos } from './kerberos-addon.ts'
import { findKerberos } from './kerberos-packages.ts'

/** A group of tests that start a KDC; awaited by the file that it is in. */
export async function describeKerberos(name: string, body: () => void): Promise<void> {
  const found = await provide(() => Promise.all([findKerberos(), buildKerberos()]))
  describeWith('KDC', found, name, body)
}

/** A group of tests that start a KDC and mail servers that know it; awaited by the file that it is in. */
export async function describeSite(name: string, body: () => void): Promise<void> {
  const found = await provide(async () => {
    await Promise.all([findKerberos(), findDovecot(), findMtaWithLogins()])
    await buildKerberos()
  })
  describeWith('KDC, Dovecot and Exim', found, name, body)
}

/** A group of tests that start a KDC and a server that checks channel bindings; awaited by its file. */
export async function describeAcceptor(name: string, body: () => void): Promise<void> {
  const found = await provide(() => Promise.all([findAcceptor(), findKerberos(), buildKerberos()]))
  describeWith('acceptor of GSSAPI', found, name, body)
}
