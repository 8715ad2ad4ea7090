import { createHash } from 'node:crypto'

import type { Fault } from '../../../smtp/fault.ts'
import { authFault } from '../mechanism.ts'
import { principalOf } from '../windows-account.ts'
import type { WindowsCredentials } from '../windows.ts'
import { withKeytab } from './environment.ts'
import { faultOfKerberos } from './faults.ts'
import { loadKerberos } from './library.ts'
import type { KerberosContext, KerberosLibrary } from './library.ts'

/** A Kerberos context that has its ticket, and what it says first; or why there is none. */
export type OpenedKerberos =
  | { readonly kind: 'open'; readonly context: KerberosContext; readonly token: string }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** The service's name in Kerberos (RFC 4120 §6.2.1 and IANA), and the one that Exchange has as well. */
const SERVICES = ['smtp', 'SMTPSVC'] as const

/** Gets a ticket for the SMTP service on `server`; nothing is said to it yet. Never rejects. */
export async function openKerberos(
  credentials: WindowsCredentials,
  server: string,
): Promise<OpenedKerberos> {
  const library = await loadKerberos()
  if (library === undefined) return { kind: 'fault', fault: MISSING }
  const spns =
    credentials.spn === undefined ? SERVICES.map((s) => `${s}/${server}`) : [credentials.spn]
  return withKeytab(keytabOf(credentials), async () => {
    let failure: Fault | undefined
    for (const spn of spns) {
      try {
        return await begin(library, spn, credentials)
      } catch (error) {
        failure ??= faultOfKerberos(error, spn)
        if (!isUnknownService(error)) break
      }
    }
    return { kind: 'fault', fault: failure ?? MISSING }
  })
}

const MISSING = authFault(
  'Kerberos needs the package "kerberos", which is not installed or does not load: npm install kerberos@7',
  'KERBEROS_MISSING',
)

async function begin(
  library: KerberosLibrary,
  spn: string,
  { user, spnego }: WindowsCredentials,
): Promise<OpenedKerberos> {
  const context = await library.initializeClient(spn.replace('/', '@'), {
    mechOID: spnego ? library.GSS_MECH_OID_SPNEGO : library.GSS_MECH_OID_KRB5,
    gssFlag: library.GSS_C_MUTUAL_FLAG | library.GSS_C_INTEG_FLAG | library.GSS_C_SEQUENCE_FLAG,
    ...(user && { principal: principalOf(user.reveal()) }),
  })
  return { kind: 'open', context, token: await context.step('') }
}

function isUnknownService(error: unknown): boolean {
  return error instanceof Error && /server .*not found/i.test(error.message)
}

function keytabOf({ keytab, keytabDigest = '', user }: WindowsCredentials) {
  if (keytab === undefined) return undefined
  const owner = createHash('sha256')
    .update(JSON.stringify([keytab, keytabDigest, user?.reveal()]))
    .digest('hex')
    .slice(0, 16)
  return { path: keytab, owner }
}
