import { unpackDebian } from '../debian.ts'
import type { Unpacked } from '../debian.ts'

/** MIT Kerberos: the KDC, its tools, and what the package "kerberos" is built with. */
export async function findKerberos(): Promise<Unpacked> {
  return unpackDebian({
    name: 'krb5',
    packages: ['krb5-kdc', 'krb5-admin-server', 'krb5-user', 'libkrb5-dev', 'libfaketime'],
    programs: ['usr/sbin/krb5kdc', 'usr/sbin/kadmin.local', 'usr/sbin/kdb5_util', 'usr/bin/kinit'],
  })
}
