import { createHash } from 'node:crypto'
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import { peerCertificate } from './peer-certificate.ts'

/** How a session is protected. */
export type SessionSecurity = { readonly kind: 'plain' } | TlsSecurity

interface TlsSecurity {
  readonly kind: 'tls'
  /** Such as `TLSv1.3`. */
  readonly protocol: string
  /** By its standard name, such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** Whether the server has proved who it is; where it has not, only listeners are shut out. */
  readonly isVerified: boolean
  /** The server's; absent when it showed none. */
  readonly certificate?: CertificateFacts
}

/** What a certificate says, for people. */
export interface CertificateFacts {
  /** On one line, such as `O=Example, CN=mail.example.com`. */
  readonly subject: string
  readonly issuer: string
  /** The names that it is for, such as `DNS:mail.example.com`. */
  readonly names: string
  readonly validFrom: Date
  readonly validTo: Date
  /** SHA-256 of the certificate in hexadecimal digits, with colons. */
  readonly fingerprint: string
  /** SHA-256 of its public key, which stays the same when a certificate is renewed with its key. */
  readonly keyFingerprint: string
}

/** How what goes over `socket` is protected; to be asked while it is open. */
export function securityOf(
  socket: Socket | null | false,
  isProven: (socket: TLSSocket) => boolean,
): SessionSecurity {
  if (!(socket instanceof TLSSocket)) return { kind: 'plain' }
  const certificate = peerCertificate(socket)
  return {
    kind: 'tls',
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    isVerified: isProven(socket),
    ...(certificate && { certificate: describeCertificate(certificate) }),
  }
}

/** What `certificate` says. */
export function describeCertificate(certificate: X509Certificate): CertificateFacts {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return {
    subject: onOneLine(certificate.subject),
    issuer: onOneLine(certificate.issuer),
    names: onOneLine(certificate.subjectAltName ?? ''),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
    fingerprint: certificate.fingerprint256,
    keyFingerprint: withColons(createHash('sha256').update(key).digest('hex')),
  }
}

/** What stands in a certificate comes from a stranger: short, printable and on one line. */
function onOneLine(text: string): string {
  return text
    .split('\n')
    .join(', ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 500)
}

function withColons(hex: string): string {
  return hex.toUpperCase().replace(/(..)(?!$)/g, '$1:')
}
