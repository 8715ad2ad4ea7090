import type { X509Certificate } from 'node:crypto'

import * as z from 'zod'

import { describeCertificate } from './session-security.ts'

/** SHA-256 in hexadecimal digits of either case, with colons between the bytes or without. */
const PATTERN = /^[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){31}|[0-9A-Fa-f]{62})$/

const fingerprint = z
  .string()
  .regex(
    PATTERN,
    'expected the SHA-256 fingerprint of a certificate or of its public key: 64 hexadecimal digits, with colons or without',
  )

/** One fingerprint or several; in the form of `describeCertificate` from here on. */
export const fingerprintSchema = z
  .union([fingerprint, z.array(fingerprint).min(1)], {
    error: ({ code }) => (code === 'invalid_union' ? WRONG : undefined),
  })
  .transform((given): readonly string[] => [given].flat().map(normalize))

const WRONG =
  'expected the SHA-256 fingerprint of a certificate or of its public key: 64 hexadecimal digits, with colons or without, or a list of them'

/** Whether `fingerprints` has that of `certificate` or that of its public key. */
export function isPinned(certificate: X509Certificate, fingerprints: readonly string[]): boolean {
  const { fingerprint: whole, keyFingerprint } = describeCertificate(certificate)
  return fingerprints.includes(whole) || fingerprints.includes(keyFingerprint)
}

function normalize(text: string): string {
  return text
    .replaceAll(':', '')
    .toUpperCase()
    .replace(/(..)(?!$)/g, '$1:')
}
