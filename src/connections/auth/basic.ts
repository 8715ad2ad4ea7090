import * as z from 'zod'

import { isReference } from '../references.ts'
import type { SecretSources } from '../references.ts'
import type { Secret } from '../secret.ts'
import { resolveSecret, secretText } from '../secret-text.ts'

/** The mechanisms for a user's name and password, the strongest first. */
export const BASIC_MECHANISMS = ['SCRAM-SHA-256', 'CRAM-MD5', 'PLAIN', 'LOGIN'] as const

export type BasicMechanism = (typeof BASIC_MECHANISMS)[number]

/** A user's name and password, by the strongest mechanism that both sides have. */
export const basicSchema = z
  .strictObject({
    method: z.literal('basic').describe('The login method'),
    user: secretText().describe('The name to log in with; may hold references'),
    password: secretText().describe(
      'The password, best as a reference: "${env:NAME}" or "${file:/run/secrets/name}"',
    ),
    mechanism: z
      .enum(BASIC_MECHANISMS)
      .optional()
      .describe(
        'The only mechanism to log in by; by default the strongest that the server offers of "SCRAM-SHA-256", "CRAM-MD5", "PLAIN" and "LOGIN"',
      ),
    allowInsecureAuth: z
      .boolean()
      .default(false)
      .describe(
        'Permits to send the password over a plain connection (`tls: "none"`), and over whatever `tls: "opportunistic"` comes to: a plain one, or one to a server that is not verified; off by default',
      ),
  })
  .readonly()
  .describe('A user name and a password')

export type BasicAuth = z.output<typeof basicSchema>

export interface BasicCredentials {
  readonly method: 'basic'
  /** Wrapped too: some services take one token as user and as password. */
  readonly user: Secret
  readonly password: Secret
  /** The only one that will do; absent: the strongest on offer. */
  readonly mechanism: BasicMechanism | undefined
  /** Whether the password may go over a plain session, or to a server that is not verified. */
  readonly allowInsecureAuth: boolean
}

/** Looks the references up. Throws `SecretUnavailableError`. */
export async function resolveBasic(
  auth: BasicAuth,
  sources: SecretSources,
): Promise<BasicCredentials> {
  const [user, password] = await Promise.all([
    resolveSecret(auth.user, sources),
    resolveSecret(auth.password, sources),
  ])
  const { mechanism, allowInsecureAuth } = auth
  return { method: 'basic', user, password, mechanism, allowInsecureAuth }
}

/** The facts that make one login differ from another, secrets included: only for a digest. */
export function distinguishBasic(credentials: BasicCredentials): readonly string[] {
  const { method, user, password, mechanism, allowInsecureAuth } = credentials
  // Left out where they say nothing, so that workers of before agree.
  const rest = [...(mechanism ? [mechanism] : []), ...(allowInsecureAuth ? ['insecure'] : [])]
  return [method, user.reveal(), password.reveal(), ...rest]
}

/** What may be shown of `auth`: the user, unless it is the password too, and references. */
export function describeBasic(auth: BasicAuth): {
  readonly method: 'basic'
  readonly user: string
  readonly password: string
  readonly mechanism?: BasicMechanism
  readonly allowInsecureAuth: boolean
} {
  const user = auth.user.reveal()
  const password = auth.password.reveal()
  return {
    method: 'basic',
    user: isReference(user) || !user.includes(password) ? user : String(auth.user),
    password: isReference(password) ? password : String(auth.password),
    ...(auth.mechanism && { mechanism: auth.mechanism }),
    allowInsecureAuth: auth.allowInsecureAuth,
  }
}
