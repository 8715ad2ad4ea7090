import { startMta } from '../mta.ts'
import type { Mta } from '../mta.ts'
import { startSmtpServer } from '../smtp-server.ts'
import type { TestSmtpServer } from '../smtp-server.ts'
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
  /** Takes what Dovecot hands on. */
  readonly relayed: TestSmtpServer
  /** What makes a session with either of them go over TLS. */
  readonly secure: Readonly<Record<string, unknown>>
  /** What makes a connection manager log in to `exchange`, as the process unless said otherwise. */
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
  const relayed = stack.use(await startSmtpServer())
  const dovecot = stack.use(await startDovecot({ relayPort: relayed.port, mechanisms, kerberos }))
  const logins = { by: 'dovecot', socket: dovecot.authSocket, mechanisms } as const
  const exchange = stack.use(await startMta({ logins, certificate: dovecot.certificate }))
  process.env['KRB5_CONFIG'] = realm.config
  const open = stack.move()
  return {
    realm,
    dovecot,
    exchange,
    relayed,
    secure: { tls: 'starttls', tlsOptions: { ca: dovecot.certificate.cert } },
    relay: (auth) => ({
      server: 'localhost',
      port: exchange.port,
      auth: { method: 'windows', mechanism: 'kerberos', ...auth },
    }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

/** What arrived, by subject, and as whom it came. */
export async function arrivals({ exchange }: KerberosSite): Promise<readonly string[]> {
  const messages = await exchange.messages()
  return messages
    .map(({ raw }) => String(raw))
    .map(
      (raw) => `${/^Subject: (.*)/m.exec(raw)?.[1]} as ${/^X-Login: gssapi (.*)/m.exec(raw)?.[1]}`,
    )
    .toSorted()
}
