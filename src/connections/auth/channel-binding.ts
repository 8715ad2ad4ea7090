import { createHash, getHashes } from 'node:crypto'
import type { X509Certificate } from 'node:crypto'

/**
 * What a login over TLS is bound to: `tls-server-end-point` (RFC 5929 §4), the digest of the server's
 * certificate, by the algorithm of its signature, or SHA-256 where that is an old one.
 */
export function tlsServerEndPoint(certificate: X509Certificate): Buffer {
  const hash = createHash(digestOf(certificate)).update(certificate.raw).digest()
  return Buffer.concat([Buffer.from('tls-server-end-point:'), hash])
}

function digestOf({ signatureAlgorithm = '' }: X509Certificate): string {
  const named = /sha-?(224|256|384|512)\b/i.exec(signatureAlgorithm)?.[1]
  const digest = `sha${named ?? '256'}`
  return getHashes().includes(digest) ? digest : 'sha256'
}
