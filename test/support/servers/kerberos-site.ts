import { startMta } from '../mta.ts'
import type { Mta } from '../mta.ts'
import { startDovecot } from './dovecot.ts'
import type { Dovecot } from './dovecot.ts'
import { startRealm } from './kerberos-realm.ts'
import type { KerberosRealm } from './kerberos-realm.ts'

/** A realm, and a mail server in it that takes mail of whoever has a ticket. */
export interface KerberosSite extends AsyncDisposable {
  readonly realm: KerberosRealm
  /** Tells the logins in its log. */
  readonly dovecot: Dovecot
  /** Looks like Exchange, and writes who logged in into each message. */
  readonly exchange: Mta
  /** What makes a connection manager log in to `exchange`, for the account of a keytab. */
  relay(auth?: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>
}

interface SiteOptions {
  /** The names that the mail server has in Kerberos. */
  readonly services?: readonly string[]
}

/** Starts them; from then on the Kerberos library of this process finds the realm. */
export async function openSite({
  services = ['smtp/localhost'],
}: SiteOptions = {}): Promise<KerberosSite> {
  await using stack = new AsyncDisposableStack()
  const realm = stack.use(await startRealm())
  const keytab = await realm.keytab('server.keytab', ...services)
  const kerberos = { keytab, config: realm.config }
  const mechanisms = ['GSSAPI', 'NTLM']
  const dovecot = stack.use(await startDovecot({ relayPort: 9, mechanisms, kerberos }))
  const logins = { by: 'dovecot', socket: dovecot.authSocket, mechanisms } as const
  const exchange = stack.use(await startMta({ logins }))
  process.env['KRB5_CONFIG'] = realm.config
  const open = stack.move()
  return {
    realm,
    dovecot,
    exchange,
    relay: (auth) => ({
      server: 'localhost',
      port: exchange.port,
      auth: { method: 'windows', mechanism: 'kerberos', ...auth },
    }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
