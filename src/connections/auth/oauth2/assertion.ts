import { sign } from 'node:crypto'

import type { Secret } from '../../secret.ts'
import type { ServiceAccountGrant } from './service-account.ts'

/** As long as Google allows. */
const LIFE_S = 3_600

/** What a service account asks for a token with, for the mailbox `user` (RFC 7523 §3), signed by RS256. */
export function assertionOf(
  { clientEmail, privateKey, keyId, tokenUrl, scope }: ServiceAccountGrant,
  user: Secret,
): string {
  const now = Math.floor(Date.now() / 1_000)
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) }
  const claims = {
    iss: clientEmail.reveal(),
    sub: user.reveal(),
    aud: tokenUrl,
    ...(scope !== undefined && { scope }),
    iat: now,
    exp: now + LIFE_S,
  }
  const text = `${encoded(header)}.${encoded(claims)}`
  const signature = sign('sha256', Buffer.from(text), privateKey.reveal())
  return `${text}.${signature.toString('base64url')}`
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
