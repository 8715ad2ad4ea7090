import * as z from 'zod'

import type { SecretSources } from '../../references.ts'
import type { Secret } from '../../secret.ts'
import { callbackSchema } from './callback.ts'
import type { CallbackGrant } from './callback.ts'
import { clientCredentialsSchema, resolveClientCredentials } from './client-credentials.ts'
import type { ClientCredentialsGrant } from './client-credentials.ts'
import type { OAuth2Mechanism } from './every-grant.ts'
import { refreshTokenSchema, resolveRefreshToken } from './refresh-token.ts'
import type { RefreshTokenGrant } from './refresh-token.ts'
import { resolveServiceAccount, serviceAccountSchema } from './service-account.ts'
import type { ServiceAccountGrant } from './service-account.ts'
import { isName, showable } from './showable.ts'
import { resolveSecret } from '../../secret-text.ts'

/** A mailbox and how its tokens are got, by `grant`. */
export const oauth2Schema = z.discriminatedUnion('grant', [
  clientCredentialsSchema,
  refreshTokenSchema,
  serviceAccountSchema,
  callbackSchema,
])

export type OAuth2Auth = z.output<typeof oauth2Schema>

/** How tokens are got, with every reference looked up. */
export type Grant = ClientCredentialsGrant | RefreshTokenGrant | ServiceAccountGrant | CallbackGrant

export interface OAuth2Credentials {
  readonly method: 'oauth2'
  /** The mailbox that mail is sent as. */
  readonly user: Secret
  readonly grant: Grant
  /** The only one that will do; absent: what the server offers. */
  readonly mechanism: OAuth2Mechanism | undefined
  /** Whether the token may go over a plain session, or to a server that is not verified. */
  readonly allowInsecureAuth: boolean
}

/** Looks the references up. Throws `SecretUnavailableError`. */
export async function resolveOAuth2(
  auth: OAuth2Auth,
  sources: SecretSources,
): Promise<OAuth2Credentials> {
  const [user, grant] = await Promise.all([
    resolveSecret(auth.user, sources),
    resolveGrant(auth, sources),
  ])
  const { mechanism, allowInsecureAuth } = auth
  return { method: 'oauth2', user, grant, mechanism, allowInsecureAuth }
}

async function resolveGrant(auth: OAuth2Auth, sources: SecretSources): Promise<Grant> {
  switch (auth.grant) {
    case 'client-credentials':
      return resolveClientCredentials(auth, sources)
    case 'refresh-token':
      return resolveRefreshToken(auth, sources)
    case 'service-account':
      return resolveServiceAccount(auth, sources)
    case 'callback':
      return { kind: 'callback', getToken: auth.getToken }
  }
}

/** The texts that may hold references. */
export function oauth2Texts(auth: OAuth2Auth): readonly string[] {
  return Object.values(auth).flatMap((value) => (isSecret(value) ? [value.reveal()] : []))
}

/** The facts that make one login differ from another, secrets included: only for a digest. */
export function distinguishOAuth2({
  method,
  user,
  grant,
  mechanism,
  allowInsecureAuth,
}: OAuth2Credentials): readonly string[] {
  const facts = [method, user.reveal(), mechanism ?? '', ...factsOfGrant(grant)]
  // Left out where it says nothing, so that workers of before agree.
  return allowInsecureAuth ? [...facts, 'insecure'] : facts
}

/** The facts that make one grant differ from another, its secrets included. */
export function factsOfGrant(grant: Grant): readonly string[] {
  return Object.entries(grant).flatMap(([name, value]: [string, unknown]) => {
    if (isSecret(value)) return [name, value.reveal()]
    // Another function gives perhaps the tokens of another account.
    if (typeof value === 'function') return [name, value.toString()]
    return typeof value === 'string' ? [name, value] : []
  })
}

/** All secrets of a grant, the longest first; the names in it are none. */
export function secretsOfGrant(grant: Grant): readonly Secret[] {
  return Object.entries(grant)
    .flatMap(([name, value]: [string, unknown]) =>
      isSecret(value) && !isName(name) ? [value] : [],
    )
    .toSorted((one, other) => other.reveal().length - one.reveal().length)
}

/** What may be shown of `auth`. */
export interface OAuth2Summary {
  readonly method: 'oauth2'
  readonly grant: OAuth2Auth['grant']
  readonly user: string
  readonly mechanism?: OAuth2Mechanism | undefined
  /** What belongs to the grant. */
  readonly [property: string]: string | boolean | undefined
}

/** What may be shown of `auth`: names and addresses as they are, and of secrets their references. */
export function describeOAuth2(auth: OAuth2Auth): OAuth2Summary {
  const shown = Object.entries(auth).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === 'function') return [[name, '[function]'] as const]
    if (isSecret(value)) return [[name, showable(name, value)] as const]
    return typeof value === 'string' || typeof value === 'boolean' ? [[name, value] as const] : []
  })
  const { method, grant, mechanism } = auth
  const user = showable('user', auth.user)
  return { ...Object.fromEntries(shown), method, grant, user, ...(mechanism && { mechanism }) }
}

function isSecret(value: unknown): value is Secret {
  return typeof value === 'object' && value !== null && 'reveal' in value
}
