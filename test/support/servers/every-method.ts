import type { Certificate } from '../certificate.ts'
import { CLIENT_SECRET, MAILBOX, SCOPE, startTokenServer } from '../oauth/token-server.ts'
import type { TokenServer } from '../oauth/token-server.ts'
import { startSmtpServer } from '../smtp-server.ts'
import type { TestSmtpServer } from '../smtp-server.ts'
import { startDovecot, WINDOWS_ACCOUNT } from './dovecot.ts'
import type { Dovecot } from './dovecot.ts'
import { startRealm } from './kerberos-realm.ts'

/** The ways to log in: by what SASL calls each, and what is weaker than it or another's. */
export const METHODS = {
  kerberos: { name: 'GSSAPI', others: 'NTLM XOAUTH2 PLAIN LOGIN' },
  ntlm: { name: 'NTLM', others: 'GSSAPI XOAUTH2 PLAIN LOGIN' },
  xoauth2: { name: 'XOAUTH2', others: 'OAUTHBEARER NTLM PLAIN LOGIN' },
  oauthbearer: { name: 'OAUTHBEARER', others: 'XOAUTH2 NTLM PLAIN LOGIN' },
} as const

export type Method = keyof typeof METHODS

/** A server that lets in by all of them, and takes tokens of a provider of its own. */
export interface EveryMethod extends AsyncDisposable {
  readonly dovecot: Dovecot
  readonly tokens: TokenServer
  /** Takes what Dovecot hands on. */
  readonly relayed: TestSmtpServer
  /** A connection manager with this login, whose way to the server leads over a port of loopback. */
  relay(
    method: Method,
    way: { readonly port: number },
    tls: 'starttls' | 'opportunistic',
  ): Readonly<Record<string, unknown>>
}

/** Starts it, with a realm; from then on the Kerberos library of this process finds that. */
export async function openEveryMethod(certificate: Certificate, ca: string): Promise<EveryMethod> {
  await using stack = new AsyncDisposableStack()
  const [realm, tokens, relayed] = await Promise.all([
    startRealm(),
    startTokenServer(),
    startSmtpServer(),
  ])
  for (const one of [realm, tokens, relayed]) stack.use(one)
  const keys = await realm.keytab('server.keytab', 'smtp/localhost')
  const keytab = await realm.keytab('client.keytab', WINDOWS_ACCOUNT.user)
  const dovecot = stack.use(
    await startDovecot({
      relayPort: relayed.port,
      mechanisms: Object.values(METHODS).map(({ name }) => name),
      kerberos: { keytab: keys, config: realm.config },
      introspectionUrl: tokens.introspectionUrl,
      certificate,
    }),
  )
  process.env['KRB5_CONFIG'] = realm.config
  const { user, domain, password } = WINDOWS_ACCOUNT
  const windows = { method: 'windows', user: `${domain}\\${user}`, password }
  const { tokenUrl } = tokens
  const client = { clientId: 'app', clientSecret: CLIENT_SECRET, scope: SCOPE, tokenUrl }
  const oauth2 = { method: 'oauth2', grant: 'client-credentials', user: MAILBOX, ...client }
  const auths: Readonly<Record<Method, Readonly<Record<string, unknown>>>> = {
    kerberos: { method: 'windows', mechanism: 'kerberos', keytab },
    ntlm: { ...windows, mechanism: 'ntlm' },
    xoauth2: { ...oauth2, mechanism: 'XOAUTH2' },
    oauthbearer: { ...oauth2, mechanism: 'OAUTHBEARER' },
  }
  const open = stack.move()
  return {
    dovecot,
    tokens,
    relayed,
    relay: (method, { port }, tls) => ({
      server: 'localhost',
      port,
      tls,
      tlsOptions: { ca },
      auth: auths[method],
      limits: { sessions: 1 },
    }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
