import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import { canReadFirst, readCertificates, validityOf } from './certificates.ts'
import type { Validity } from './certificates.ts'
import { SecretUnavailableError } from './errors.ts'
import type { SecretFlaw } from './errors.ts'
import { resolveReferences } from './references.ts'
import type { SecretSources } from './references.ts'
import { resolveSecret } from './secret-text.ts'
import type { Secret } from './secret.ts'

/** Who we are to the server, with every reference looked up. */
export interface ClientCertificate extends Validity {
  /** PEM text; those between it and its authority behind it. */
  readonly cert: string
  readonly key: Secret
  readonly passphrase: Secret | undefined
}

interface ClientCertificateOptions {
  readonly cert?: string | undefined
  readonly key?: Secret | undefined
  readonly passphrase?: Secret | undefined
}

/**
 * Looks the references up; undefined where there is no client certificate. Throws
 * `SecretUnavailableError`, also for a key that is another's or that nothing opens.
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
  const validity = validityOfFirst(cert)
  const problem = pairProblem(cert, key.reveal(), passphrase?.reveal())
  if (problem !== undefined || validity === undefined) {
    const { says, flaw } = problem ?? NO_CERTIFICATE
    throw new SecretUnavailableError('tlsOptions.key', says, { flaw })
  }
  return { cert, key, passphrase, ...validity }
}

/** From when until when the first certificate of `pem` holds; undefined when there is none. */
export function validityOfFirst(pem: string): Validity | undefined {
  const [certificate] = readCertificates(pem) ?? []
  return certificate && validityOf(certificate)
}

/** What is wrong with the dates of a certificate of ours; undefined when nothing is. */
export function describeOutdated(
  { validFrom, validTo }: Validity,
  now: Date,
): { readonly cause: string; readonly says: string } | undefined {
  if (validTo < now) {
    return { cause: 'CLIENT_CERTIFICATE_EXPIRED', says: `expired on ${validTo.toISOString()}` }
  }
  if (validFrom > now) {
    const says = `is not valid before ${validFrom.toISOString()}`
    return { cause: 'CLIENT_CERTIFICATE_NOT_YET_VALID', says }
  }
  return undefined
}

/** The facts that make one differ from another, secrets included: only for a digest. */
export function distinguishClientCertificate({ cert, key }: ClientCertificate): readonly string[] {
  return [cert, key.reveal()]
}

interface PairProblem {
  readonly says: string
  readonly flaw: SecretFlaw
}

const NO_CERTIFICATE: PairProblem = {
  says: 'has no certificate in `tlsOptions.cert` that can be read',
  flaw: 'no-certificate',
}

const BROKEN_CHAIN: PairProblem = {
  says: 'has a certificate in `tlsOptions.cert`, and behind it one that cannot be read',
  flaw: 'broken-chain',
}

/** Why `key` is not that of `cert`, both as PEM text; undefined when it is. */
export function pairProblem(
  cert: string,
  key: string,
  passphrase: string | undefined,
): PairProblem | undefined {
  const [certificate] = readCertificates(cert) ?? []
  if (certificate === undefined) return canReadFirst(cert) ? BROKEN_CHAIN : NO_CERTIFICATE
  const opened = openKey(key, passphrase)
  if ('says' in opened) return opened
  if (certificate.checkPrivateKey(opened)) return undefined
  return { says: 'is not the key of `tlsOptions.cert`', flaw: 'key-of-another' }
}

function openKey(key: string, passphrase: string | undefined): KeyObject | PairProblem {
  try {
    return createPrivateKey({ key, ...(passphrase !== undefined && { passphrase }) })
  } catch {
    if (!key.includes('ENCRYPTED')) {
      return { says: 'holds no private key as PEM text that can be read', flaw: 'no-key' }
    }
    const says = 'is encrypted, and `tlsOptions.passphrase` does not open it'
    return { says, flaw: 'key-locked' }
  }
}
