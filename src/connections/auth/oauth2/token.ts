import * as z from 'zod'

import { createSecret } from '../../secret.ts'
import type { Secret } from '../../secret.ts'

/** What one account logs in with for a while (RFC 6749 §1.4). */
export interface Token {
  readonly accessToken: Secret
  /** From when on it is better to have a new one; in milliseconds since 1970. */
  readonly renewAt: number
  /** From when on nobody takes it. */
  readonly expiresAt: number
}

/** What a token endpoint has given. */
export interface Granted {
  readonly kind: 'granted'
  readonly accessToken: Secret
  /** How long it lives; absent when the endpoint does not say. */
  readonly lifeMs: number | undefined
  /** The refresh token that is to be used from now on, if there is a new one. */
  readonly refreshToken?: Secret | undefined
}

/** Of a token whose life nobody tells: when it ends sooner, the mail server says so. */
const USUAL_LIFE_MS = 3_600_000
/** A login that has begun is let in with the token that it began with. */
const MARGIN_MS = 60_000

/**
 * The token that was `granted` at `now`. It is renewed at about three quarters of its life, `random`
 * (0 to 1) spreads that, and in any case a minute before it ends; one of a few minutes at the half.
 */
export function tokenOf(
  { accessToken, lifeMs = USUAL_LIFE_MS }: Granted,
  now: number,
  random: number,
): Token {
  const usual = Math.min(lifeMs * (0.7 + random * 0.1), lifeMs - MARGIN_MS)
  const renewAfter = Math.max(usual, lifeMs / 2)
  return { accessToken, renewAt: now + renewAfter, expiresAt: now + lifeMs }
}

/** The token as a text, which opens it: for a shelf alone. */
export function writeToken({ accessToken, renewAt, expiresAt }: Token): string {
  return JSON.stringify({ accessToken: accessToken.reveal(), renewAt, expiresAt })
}

/** What `writeToken` has written; undefined for anything else. */
export function readToken(text: string): Token | undefined {
  try {
    const { accessToken, ...times } = written.parse(JSON.parse(text))
    return { accessToken: createSecret(accessToken), ...times }
  } catch {
    return undefined
  }
}

const written = z.object({
  accessToken: z.string().min(1),
  renewAt: z.number(),
  expiresAt: z.number(),
})
