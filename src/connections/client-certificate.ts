import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import { SecretUnavailableError } from './errors.ts'
import { resolveReferences } from './references.ts'
import type { SecretSources } from './references.ts'
import { resolveSecret } from './secret-text.ts'
import type { Secret } from './secret.ts'

/** Who we are to the server, with every reference looked up. */
export interface ClientCertificate {
  /** PEM text; those between it and its authority behind it. */
  readonly cert: string
  readonly key: Secret
  readonly passphrase: Secret | undefined
  readonly validTo: Date | undefined
}

interface ClientCertificateOptions {
  readonly cert?: string | undefined
  readonly key?: Secret | undefined
  readonly passphrase?: Secret | undefined
}

/**
 * Looks the references up; undefined where there is no client certificate. Throws
 * `SecretUnavailableError`, also for a key that is another's.
 */
export async function resolveClientCertificate(
  { cert: written, key: writtenKey, passphrase: writtenPassphrase }: ClientCertificateOptions,
  sources: SecretSources,
): Promise<ClientCertificate | undefined> {
  if (written === undefined || writtenKey === undefined) return undefined
  const [cert, key, passphrase] = await Promise.all([
    resolveReferences(written, sources),
    resolveSecret(writtenKey, sources),
    writtenPassphrase && resolveSecret(writtenPassphrase, sources),
  ])
  const problem = pairProblem(cert, key.reveal(), passphrase?.reveal())
  if (problem !== undefined) throw new SecretUnavailableError('tlsOptions.key', problem)
  return { cert, key, passphrase, validTo: expiryOf(cert) }
}

/** When the first certificate of `pem` is no longer valid; undefined when there is none. */
export function expiryOf(pem: string): Date | undefined {
  const certificate = readCertificate(pem)
  return certificate && new Date(certificate.validTo)
}

/** The facts that make one differ from another, secrets included: only for a digest. */
export function distinguishClientCertificate({ cert, key }: ClientCertificate): readonly string[] {
  return [cert, key.reveal()]
}

/** Why `key` is not that of `cert`, both as PEM text; undefined when it is. */
export function pairProblem(
  cert: string,
  key: string,
  passphrase: string | undefined,
): string | undefined {
  const certificate = readCertificate(cert)
  if (certificate === undefined) return 'has no certificate in `tlsOptions.cert` that can be read'
  const opened = openKey(key, passphrase)
  if (typeof opened === 'string') return opened
  return certificate.checkPrivateKey(opened) ? undefined : 'is not the key of `tlsOptions.cert`'
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function openKey(key: string, passphrase: string | undefined): KeyObject | string {
  try {
    return createPrivateKey({ key, ...(passphrase !== undefined && { passphrase }) })
  } catch {
    return key.includes('ENCRYPTED')
      ? 'is encrypted, and `tlsOptions.passphrase` does not open it'
      : 'holds no private key as PEM text that can be read'
  }
}
