import { describeOutdated, validityOfFirst } from './client-certificate.ts'
import type { ConnectionManager, TlsMode } from './connection-manager.ts'
import { isMailroomError } from '../errors.ts'
import { referencesIn, resolveReferences } from './references.ts'
import type { SecretSources } from './references.ts'

/** Something about a valid connection manager that is probably a mistake. */
export interface ConnectionWarning {
  readonly connection: string
  readonly code:
    | 'PORT_TLS_MISMATCH'
    | 'INSECURE_AUTH'
    | 'OPPORTUNISTIC_TLS'
    | 'LEGACY_TLS'
    | 'CLIENT_CERTIFICATE_EXPIRED'
  readonly message: string
}

/** What servers speak on the ports that have a fixed meaning (RFC 5321, RFC 6409, RFC 8314). */
const SPOKEN: ReadonlyMap<number, readonly TlsMode[]> = new Map([
  [25, ['none', 'starttls']],
  [465, ['implicit']],
  [587, ['starttls']],
])

/** What an operator should hear about `manager` before its first message waits in vain. */
export function warningsOf(
  manager: ConnectionManager,
  now: Date = new Date(),
): readonly ConnectionWarning[] {
  return [
    ...mismatch(manager),
    ...insecureLogin(manager),
    ...opportunistic(manager),
    ...legacy(manager),
    ...expired(manager, now),
  ]
}

function mismatch({ name, port, tls }: ConnectionManager): readonly ConnectionWarning[] {
  const spoken = SPOKEN.get(port)
  if (!spoken || spoken.includes(tls === 'opportunistic' ? 'starttls' : tls)) return []
  const usual = spoken.map((mode) => `"${mode}"`).join(' or ')
  const message = `"${name}" uses port ${port} with tls "${tls}", but servers speak ${usual} there: change \`port\` or \`tls\``
  return [{ connection: name, code: 'PORT_TLS_MISMATCH', message }]
}

function insecureLogin({ name, auth, tls }: ConnectionManager): readonly ConnectionWarning[] {
  if (auth.method === 'anonymous' || (tls !== 'none' && tls !== 'opportunistic')) return []
  if (auth.method === 'windows') {
    // Over opportunistic TLS it says nothing where it would have to be warned of.
    if (tls === 'opportunistic') return []
    const message = `"${name}" logs in as Windows does over a plain connection: the password is not shown, but anybody on the way can read the mail and send some of their own`
    return [{ connection: name, code: 'INSECURE_AUTH', message }]
  }
  const what = auth.method === 'oauth2' ? 'tokens' : 'its password'
  const pronoun = auth.method === 'oauth2' ? 'them' : 'it'
  if (tls === 'opportunistic') {
    if (!auth.allowInsecureAuth) return []
    const message = `"${name}" may send ${what} over a plain connection or to a server that has not proved who it is (\`allowInsecureAuth\`): anybody on the way can have ${pronoun}`
    return [{ connection: name, code: 'INSECURE_AUTH', message }]
  }
  const message = `"${name}" sends ${what} over a plain connection (\`allowInsecureAuth\`): anybody on the way can read ${pronoun}`
  return [{ connection: name, code: 'INSECURE_AUTH', message }]
}

function opportunistic({ name, tls }: ConnectionManager): readonly ConnectionWarning[] {
  if (tls !== 'opportunistic') return []
  const message = `"${name}" goes on without TLS when STARTTLS is not offered or fails, and takes any certificate (\`tls: "opportunistic"\`): whoever stands in between can read the mail; "starttls" demands it`
  return [{ connection: name, code: 'OPPORTUNISTIC_TLS', message }]
}

function legacy({ name, tlsOptions }: ConnectionManager): readonly ConnectionWarning[] {
  if (!tlsOptions.legacy) return []
  const message = `"${name}" permits what is known to be broken (\`tlsOptions.legacy\`): versions from ${tlsOptions.minVersion} on and weak keys and ciphers; take it out when the relay is a newer one`
  return [{ connection: name, code: 'LEGACY_TLS', message }]
}

/** Of a certificate that stands there itself; those in files `outdatedCertificates` reads. */
function expired({ name, tlsOptions }: ConnectionManager, now: Date): readonly ConnectionWarning[] {
  const { cert } = tlsOptions
  if (cert === undefined || referencesIn(cert).length > 0) return []
  return outdated(name, cert, now)
}

/** The same for certificates that managers refer to, as they are now; one that is not there says nothing. */
export async function outdatedCertificates(
  managers: readonly ConnectionManager[],
  sources: SecretSources,
  now: Date = new Date(),
): Promise<readonly ConnectionWarning[]> {
  const found = await Promise.all(
    managers.map(async ({ name, tlsOptions: { cert } }) => {
      if (cert === undefined || referencesIn(cert).length === 0) return []
      try {
        return outdated(name, await resolveReferences(cert, sources), now)
      } catch (error) {
        if (!isMailroomError(error)) throw error
        return []
      }
    }),
  )
  return found.flat()
}

function outdated(name: string, cert: string, now: Date): readonly ConnectionWarning[] {
  const validity = validityOfFirst(cert)
  const wrong = validity && describeOutdated(validity, now)
  if (wrong === undefined) return []
  const message = `"${name}" shows a certificate that ${wrong.says} (\`tlsOptions.cert\`): servers will refuse it`
  return [{ connection: name, code: 'CLIENT_CERTIFICATE_EXPIRED', message }]
}
