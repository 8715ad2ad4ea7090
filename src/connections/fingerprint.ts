import type { X509Certificate } from 'node:crypto'

import * as z from 'zod'

import { describeCertificate } from './session-security.ts'

/** SHA-256 in hexadecimal digits of either case, with colons between the bytes or without. */
const PATTERN = /^[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){31}|[0-9A-Fa-f]{62})$/
const EXPECTED =
  'expected the SHA-256 fingerprint of a certificate or of its public key: 64 hexadecimal digits, with colons or without, or a list of them'

const fingerprint = z.string().regex(PATTERN, EXPECTED)

/** One fingerprint or several; in the form of `describeCertificate` from here on. */
export const fingerprintSchema = z
  .union([fingerprint, z.array(fingerprint).min(1, EXPECTED)], {
    error: ({ code }) => (code === 'invalid_union' ? EXPECTED : undefined),
  })
  .transform((given): readonly string[] => [given].flat().map(normalize))

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
