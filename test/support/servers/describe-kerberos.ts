import { findMtaWithLogins } from '../mta.ts'
import { describeWith } from '../redis.ts'
import { provide } from './describe-servers.ts'
import { findDovecot } from './dovecot.ts'
import { buildKerberos } from './kerberos-addon.ts'
import { findKerberos } from './kerberos-packages.ts'

/** A group of tests that start a KDC and servers that know it; awaited by the file that it is in. */
export async function describeKerberos(name: string, body: () => void): Promise<void> {
  const found = await provide(async () => {
    await Promise.all([findKerberos(), findDovecot(), findMtaWithLogins()])
    await buildKerberos()
  })
  describeWith('KDC', found, name, body)
}
