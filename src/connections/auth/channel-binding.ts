import { createHash } from 'node:crypto'

/**
 * What a login over TLS is bound to: `tls-server-end-point` (RFC 5929 §4), the digest of the server's
 * certificate by the algorithm of its signature, or by SHA-256 where that is MD5 or SHA-1. Nothing
 * for signatures without such an algorithm (Ed25519): there the RFC leaves it open.
 */
export function tlsServerEndPoint({ raw }: { readonly raw: Buffer }): Buffer | undefined {
  const algorithm = signatureAlgorithmOf(raw)
  const found = DIGESTS.find(([identifier]) => algorithm.includes(identifier, 0, 'hex'))
  if (found === undefined) return undefined
  const hash = createHash(found[1]).update(raw).digest()
  return Buffer.concat([Buffer.from('tls-server-end-point:'), hash])
}

/** Object identifiers in DER. RSA-PSS names its digest besides, and means SHA-1 when it does not. */
const DIGESTS: readonly (readonly [identifier: string, digest: string])[] = [
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
  ['608648016503040204', 'sha224'],
  ['2a864886f70d01010a', 'sha256'],
  // RSA with MD5, SHA-1 and their successors (RFC 8017 §A.2.4).
  ['2a864886f70d010104', 'sha256'],
  ['2a864886f70d010105', 'sha256'],
  ['2a864886f70d01010b', 'sha256'],
  ['2a864886f70d01010c', 'sha384'],
  ['2a864886f70d01010d', 'sha512'],
  ['2a864886f70d01010e', 'sha224'],
  // ECDSA with SHA-1 and its successors (RFC 5758 §3.2).
  ['2a8648ce3d0401', 'sha256'],
  ['2a8648ce3d040301', 'sha224'],
  ['2a8648ce3d040302', 'sha256'],
  ['2a8648ce3d040303', 'sha384'],
  ['2a8648ce3d040304', 'sha512'],
]

/** The second of the three parts of a certificate (RFC 5280 §4.1); Node does not tell all of it. */
function signatureAlgorithmOf(certificate: Buffer): Buffer {
  const facts = contentOf(certificate, 0)
  const algorithm = contentOf(certificate, contentOf(certificate, facts.start).end)
  return certificate.subarray(algorithm.start, algorithm.end)
}

/** Where the content of the DER value at `at` begins and ends. */
function contentOf(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const length = der[at + 1] ?? 0
  if (length < 0x80) return { start: at + 2, end: at + 2 + length }
  const start = at + 2 + (length & 0x7f)
  return { start, end: start + Number(`0x${der.toString('hex', at + 2, start)}`) }
}
