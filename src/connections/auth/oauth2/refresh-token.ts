import * as z from 'zod'

import type { SecretSources } from '../../references.ts'
import type { Secret } from '../../secret.ts'
import { resolveSecret, secretText } from '../../secret-text.ts'
import { CLIENT, resolveClient } from './client-credentials.ts'
import type { Client } from './client-credentials.ts'
import { demandEndpoint, ENDPOINT, endpointOf, TENANT } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { EVERY_GRANT } from './every-grant.ts'

/** A mailbox whose owner has once allowed a program to send as it (RFC 6749 §6). */
export const refreshTokenSchema = z
  .strictObject({
    ...EVERY_GRANT,
    grant: z.literal('refresh-token').describe('How tokens are got'),
    ...CLIENT,
    refreshToken: secretText().describe(
      'What the owner of the mailbox has allowed, best as a reference; when the endpoint gives another one, that is used from then on',
    ),
    ...TENANT,
    ...ENDPOINT,
  })
  .superRefine(demandEndpoint)
  .readonly()
  .describe('OAuth 2.0 by what the owner of the mailbox has once allowed')

export interface RefreshTokenGrant extends Client, Endpoint {
  readonly kind: 'refresh-token'
  readonly refreshToken: Secret
}

const SCOPE = 'https://outlook.office.com/SMTP.Send offline_access'

/** Looks the references up. Throws `SecretUnavailableError`. */
export async function resolveRefreshToken(
  auth: z.output<typeof refreshTokenSchema>,
  sources: SecretSources,
): Promise<RefreshTokenGrant> {
  const [client, refreshToken] = await Promise.all([
    resolveClient(auth, sources),
    resolveSecret(auth.refreshToken, sources),
  ])
  return { kind: 'refresh-token', ...client, refreshToken, ...endpointOf(auth, SCOPE) }
}
