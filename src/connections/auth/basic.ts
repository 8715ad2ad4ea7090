import * as z from 'zod'

import { isReference } from '../references.ts'
import type { SecretSources } from '../references.ts'
import type { Secret } from '../secret.ts'
import { resolveSecret, secretText } from '../secret-text.ts'

/** A user's name and password, by the strongest mechanism that both sides have. */
export const basicSchema = z
  .strictObject({
    method: z.literal('basic').describe('The login method'),
    user: secretText().describe('The name to log in with; may hold references'),
    password: secretText().describe(
      'The password, best as a reference: "${env:NAME}" or "${file:/run/secrets/name}"',
    ),
    allowInsecureAuth: z
      .boolean()
      .default(false)
      .describe(
        'Permits to send the password over a plain connection (`tls: "none"`); off by default',
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
  return { method: 'basic', user, password }
}

/** What may be shown of `auth`: the user, unless it is the password too, and references. */
export function describeBasic(auth: BasicAuth): {
  readonly method: 'basic'
  readonly user: string
  readonly password: string
  readonly allowInsecureAuth: boolean
} {
  const user = auth.user.reveal()
  const password = auth.password.reveal()
  return {
    method: 'basic',
    user: isReference(user) || !user.includes(password) ? user : String(auth.user),
    password: isReference(password) ? password : String(auth.password),
    allowInsecureAuth: auth.allowInsecureAuth,
  }
}
