import { createHash } from 'node:crypto'

import type { Fault } from '../../../smtp/fault.ts'
import { authFault } from '../mechanism.ts'
import { principalOf } from '../windows-account.ts'
import type { WindowsCredentials } from '../windows.ts'
import { contextOf } from './context.ts'
import type { KerberosContext } from './context.ts'
import { faultOfKerberos, KERBEROS_ENDED } from './faults.ts'
import type { KerberosIdentity } from './helper.ts'
import type { Kerberos } from './kerberos.ts'

/** A Kerberos context that has its ticket, and what it says first; or why there is none. */
export type OpenedKerberos =
  | { readonly kind: 'open'; readonly context: KerberosContext; readonly token: Buffer }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** The service's name in Kerberos (RFC 4120 §6.2.1 and IANA), and the one that Exchange has as well. */
const SERVICES = ['smtp', 'SMTPSVC'] as const

/** For whom a ticket is wanted. */
export interface KerberosLogin {
  /** The host that the connection manager names. */
  readonly server: string
  readonly kerberos: Kerberos
  /** Ends with the login. */
  readonly signal: AbortSignal
}

/** Gets a ticket for the SMTP service on `server`; nothing is said to it yet. Never rejects. */
export async function openKerberos(
  credentials: WindowsCredentials,
  { server, kerberos, signal }: KerberosLogin,
): Promise<OpenedKerberos> {
  const { user, keytab, spn, spnego } = credentials
  const ask = kerberos.as(identityOf(credentials), signal)
  const principal = user && principalOf(user.reveal())
  let failure: Fault = MISSING
  for (const name of spn === undefined ? SERVICES.map((s) => `${s}/${server}`) : [spn]) {
    const service = name.replace('/', '@')
    const answer = await ask({ kind: 'open', service, principal, spnego })
    if (answer.kind === 'done') {
      const token = Buffer.from(answer.token, 'base64')
      return { kind: 'open', context: contextOf(ask, answer), token }
    }
    if (answer.kind === 'missing') break
    if (answer.kind === 'ended') return { kind: 'fault', fault: KERBEROS_ENDED }
    // The first is the name that everybody has, so that one is told.
    if (failure === MISSING) {
      failure = faultOfKerberos(answer.text, { spn: name, hasKeytab: keytab !== undefined })
    }
    if (!isUnknownService(answer.text)) break
  }
  return { kind: 'fault', fault: failure }
}

const MISSING = authFault(
  'Kerberos needs the package "kerberos", which is not installed or does not load: npm install kerberos@7',
  'KERBEROS_MISSING',
)

function isUnknownService(text: string): boolean {
  return /server .*not found/i.test(text)
}

function identityOf({ keytab, keytabDigest, user }: WindowsCredentials): KerberosIdentity {
  if (keytab === undefined) return { name: 'the process', keytab }
  const facts = JSON.stringify([keytab, keytabDigest, user?.reveal()])
  return { name: createHash('sha256').update(facts).digest('hex'), keytab }
}
