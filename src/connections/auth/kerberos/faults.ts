import type { Fault } from '../../../smtp/fault.ts'
import { authFault } from '../mechanism.ts'

/** Nobody is to blame for it: the next login starts another process. */
export const KERBEROS_ENDED: Fault = {
  kind: 'refused',
  stage: 'auth',
  detail: 'the process of the Kerberos library ended, or could not be started',
  cause: 'KERBEROS_ENDED',
}

/** What was asked of the library. */
interface KerberosQuestion {
  readonly spn: string
  /** Whether the connection manager names one. */
  readonly hasKeytab: boolean
}

/** What the Kerberos library says, its cause for programs, and what somebody can do about it. */
const KNOWN: readonly (readonly [
  pattern: RegExp,
  cause: string,
  detail: (question: KerberosQuestion) => string,
])[] = [
  [
    /no kerberos credentials|no credentials cache|cache.*(?:not found|empty)|cannot find mechanisms|can't find client principal|keytab.*(?:not found|contains no)|^$/i,
    'KERBEROS_NO_TICKET',
    ({ hasKeytab }) =>
      hasKeytab
        ? 'there is no key for this account in `keytab`: compare `user` with what "klist -k" tells of it'
        : 'there is no Kerberos ticket and no key for this account: set `keytab`, or run the worker with KRB5_CLIENT_KTNAME or KRB5CCNAME',
  ],
  [
    /server krbtgt\/.*not found in kerberos database/i,
    'KERBEROS_FOREIGN_REALM',
    () =>
      'the server belongs to a realm that the KDC of this account does not trust: see [domain_realm] in krb5.conf',
  ],
  [
    /server .*not found in kerberos database|server not found/i,
    'KERBEROS_UNKNOWN_SERVICE',
    ({ spn }) =>
      `the KDC does not know the service "${spn}": set \`spn\` to the one that the server has, such as "SMTPSVC/host"`,
  ],
  [
    /client .*not found in kerberos database|client not found/i,
    'KERBEROS_UNKNOWN_ACCOUNT',
    () => 'the KDC does not know this account: compare `user` and the default realm of krb5.conf',
  ],
  [
    /clock skew/i,
    'KERBEROS_CLOCK_SKEW',
    () => 'the clocks of this machine and of the KDC differ by more than Kerberos allows: set them',
  ],
  [
    /preauthentication failed|decrypt integrity|password incorrect/i,
    'KERBEROS_KEY_REFUSED',
    () => 'the KDC refuses the key of this account: the password was changed, make the keytab anew',
  ],
  [
    /(?:password|key) has expired|entry.*expired|credentials have been revoked|locked out/i,
    'KERBEROS_ACCOUNT_LOCKED',
    () => 'the account is expired, locked, or its password has to be changed',
  ],
  [
    /encryption type|enctype/i,
    'KERBEROS_ENCRYPTION_TYPE',
    () =>
      'the KDC and this machine, or the keytab, have no encryption type in common for this account',
  ],
  [
    /default realm|kerberos configuration file/i,
    'KERBEROS_NOT_CONFIGURED',
    () => 'krb5.conf cannot be read, or names no default realm',
  ],
  [
    /ticket expired/i,
    'KERBEROS_TICKET_EXPIRED',
    () => 'the Kerberos ticket has expired: renew it, or use a keytab',
  ],
]

const UNREACHABLE = /cannot (?:contact|find|resolve).*(?:kdc|realm)|cannot resolve/i

/** Why there is no Kerberos ticket, from what the library said; addresses are left out. */
export function faultOfKerberos(text: string, question: KerberosQuestion): Fault {
  const cause = causeOf(text)
  if (UNREACHABLE.test(cause)) {
    const detail =
      'no KDC answers for the realm of this account: check krb5.conf, DNS and the network'
    return { kind: 'refused', stage: 'auth', detail, cause: 'KERBEROS_NO_KDC' }
  }
  const known = KNOWN.find(([pattern]) => pattern.test(cause))
  if (known !== undefined) return authFault(known[2](question), known[1])
  const told = cause.replaceAll(/[^\s@]+@[^\s@]+/g, '…').slice(0, 200)
  return authFault(`Kerberos failed: ${told}`)
}

/** The library says first what every failure is called, and behind a colon what this one was. */
function causeOf(text: string): string {
  const [, cause = text] =
    /^(?:no credentials were supplied[^:]*|unspecified gss failure[^:]*|[^:]*invalid[^:]*):\s*(.*)/is.exec(
      text,
    ) ?? []
  return cause.replaceAll(/\s+/g, ' ').trim()
}
