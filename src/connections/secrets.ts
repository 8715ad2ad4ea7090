import { distinguishCredentials, resolveAuth } from './auth/auth.ts'
import type { Credentials } from './auth/auth.ts'
import { readCertificates } from './certificates.ts'
import { distinguishClientCertificate, resolveClientCertificate } from './client-certificate.ts'
import type { ClientCertificate } from './client-certificate.ts'
import type { ConnectionManager } from './connection-manager.ts'
import { digestOf, type DigestFacts, type DigestMemory } from './digest.ts'
import { SecretUnavailableError } from './errors.ts'
import { isReference, resolveReferences } from './references.ts'
import type { SecretSources } from './references.ts'

/** A connection manager with its references looked up: all that opening a session takes. */
export interface ResolvedManager {
  readonly manager: ConnectionManager
  readonly credentials: Credentials
  /** `tlsOptions.ca` as PEM text. */
  readonly ca: string | undefined
  /** `tlsOptions.cert` with its key. */
  readonly clientCertificate: ClientCertificate | undefined
  /**
   * Differs when the server, its TLS options or the credentials differ; 32 hexadecimal digits.
   *
   * Workers compare it to know whether they speak of the same manager; it cannot be reversed.
   */
  readonly digest: string
}

export interface ResolveOptions extends SecretSources {
  /**
   * Keys the digest, so that nobody who sees one can try passwords against it.
   *
   * The same in all workers of a fleet; without it a weak password could be guessed, slowly, by
   * somebody who reads the store.
   */
  readonly digestKey?: string
  /** Digests of before; without it each takes its time. */
  readonly digests?: DigestMemory
}

/**
 * Looks up, now, every reference of `manager`. Throws `SecretUnavailableError`.
 *
 * No secret is cached: called again it sees a changed file, and its digest differs then.
 */
export async function resolveSecrets(
  manager: ConnectionManager,
  options: ResolveOptions,
): Promise<ResolvedManager> {
  const [credentials, ca, clientCertificate] = await Promise.all([
    resolveAuth(manager.auth, options),
    resolveCa(manager.tlsOptions.ca, options),
    resolveClientCertificate(manager.tlsOptions, options),
  ])
  const facts = factsOf(manager, { credentials, ca, clientCertificate })
  const { digestKey, digests = new Map() } = options
  const digest = await digestOf(manager.name, facts, digestKey, digests)
  return { manager, credentials, ca, clientCertificate, digest }
}

async function resolveCa(
  ca: string | undefined,
  sources: SecretSources,
): Promise<string | undefined> {
  if (ca === undefined) return undefined
  const pem = await resolveReferences(ca, sources)
  if (readCertificates(pem) !== undefined) return pem
  // What stands there itself is no reference, and long.
  const where = isReference(ca) ? ca : 'tlsOptions.ca'
  const problem = 'holds no certificates as PEM text that can be read'
  throw new SecretUnavailableError(where, problem, { flaw: 'no-authority' })
}

function factsOf(
  { server, port, tls, tlsOptions }: ConnectionManager,
  {
    credentials,
    ca,
    clientCertificate,
  }: Pick<ResolvedManager, 'credentials' | 'ca' | 'clientCertificate'>,
): DigestFacts {
  const { minVersion, serverName, fingerprint, legacy } = tlsOptions
  const rest = {
    ...(fingerprint && { fingerprint: fingerprint.toSorted() }),
    ...(legacy && { legacy }),
    ...(clientCertificate && { client: distinguishClientCertificate(clientCertificate) }),
  }
  const facts = [
    [server, port, tls, minVersion, serverName ?? server, ca ?? ''],
    distinguishCredentials(credentials),
    // Left out where it says nothing, so that workers of before agree.
    ...(Object.keys(rest).length > 0 ? [rest] : []),
  ]
  return { facts, holdsSecret: credentials.method !== 'anonymous' }
}
