import {
  allowInsecureRequests,
  clientCredentialsGrantRequest,
  customFetch,
  genericTokenEndpointRequest,
  processGenericTokenEndpointResponse,
  refreshTokenGrantRequest,
} from 'oauth4webapi'
import type {
  AuthorizationServer,
  Client as OAuthClient,
  TokenEndpointRequestOptions,
} from 'oauth4webapi'

import { createSecret } from '../../secret.ts'
import type { Secret } from '../../secret.ts'
import { assertionOf } from './assertion.ts'
import { askApplication } from './ask-application.ts'
import { clientAuthOf } from './client-auth.ts'
import type { Grant, OAuth2Credentials } from './oauth2.ts'
import { refusalOf } from './refusal.ts'
import { bodyOf, plainAnswer, refreshTokenIn } from './token-answer.ts'
import type { Granted } from './token.ts'
import type { RefusedToken } from './tokens.ts'

/** However slow an endpoint is: whoever waits for a token keeps a session open. */
const WITHIN_MS = 20_000

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Asks the token endpoint of `credentials` once; `last` is the refresh token that it gave last. Every
 * refusal, an endpoint that is away, and an answer that makes no sense is a fault.
 */
export async function requestToken(
  { user, grant }: Pick<OAuth2Credentials, 'user' | 'grant'>,
  last: Secret | undefined,
): Promise<Granted | RefusedToken> {
  const signal = AbortSignal.timeout(WITHIN_MS)
  if (grant.kind === 'callback') return askApplication(grant.getToken, signal)
  let answered: Response | undefined
  let next: string | undefined
  const url = new URL(grant.tokenUrl)
  const server: AuthorizationServer = { issuer: url.origin, token_endpoint: url.href }
  const options: TokenEndpointRequestOptions = {
    signal,
    [allowInsecureRequests]: url.protocol === 'http:',
    // A redirection would carry the secret elsewhere; the library forbids it too.
    [customFetch]: async (target, init) => {
      const response = await fetch(target, { ...init, redirect: 'manual' })
      const body = await bodyOf(response)
      // Not before: what breaks off in the middle of its body is no answer.
      answered = response
      if (response.ok) next = refreshTokenIn(body)
      return plainAnswer(response, body)
    },
  }
  try {
    const client: OAuthClient = {
      client_id: (grant.kind === 'service-account' ? grant.clientEmail : grant.clientId).reveal(),
    }
    const response = await send({ user, grant, last }, { server, client, options })
    const token = await processGenericTokenEndpointResponse(server, client, response)
    return {
      kind: 'granted',
      accessToken: createSecret(token.access_token),
      lifeMs: token.expires_in === undefined ? undefined : token.expires_in * 1_000,
      refreshToken: refreshed(token.refresh_token, grant, last),
    }
  } catch (error) {
    const fault = refusalOf(error, { url, answered, grant, last })
    // An answer that is refused may have replaced the refresh token all the same.
    return { kind: 'fault', fault, refreshToken: refreshed(next, grant, last) }
  }
}

interface Asked {
  readonly user: Secret
  readonly grant: Exclude<Grant, { readonly kind: 'callback' }>
  readonly last: Secret | undefined
}

interface Place {
  readonly server: AuthorizationServer
  readonly client: OAuthClient
  readonly options: TokenEndpointRequestOptions
}

async function send(
  { user, grant, last }: Asked,
  { server, client, options }: Place,
): Promise<Response> {
  const scope = { ...(grant.scope !== undefined && { scope: grant.scope }) }
  switch (grant.kind) {
    case 'client-credentials':
      return clientCredentialsGrantRequest(
        server,
        client,
        await clientAuthOf(grant),
        scope,
        options,
      )
    case 'refresh-token': {
      const token = (last ?? grant.refreshToken).reveal()
      const with_ = { ...options, additionalParameters: scope }
      return refreshTokenGrantRequest(server, client, await clientAuthOf(grant), token, with_)
    }
    case 'service-account': {
      const assertion = assertionOf(grant, user)
      // The assertion itself says who asks (RFC 7523 §3.1): there is no client beside it.
      return genericTokenEndpointRequest(
        server,
        client,
        () => {},
        JWT_BEARER,
        { assertion },
        options,
      )
    }
  }
}

/** The refresh token that was given, if it is another one than was used. */
function refreshed(
  given: string | undefined,
  grant: Grant,
  last: Secret | undefined,
): Secret | undefined {
  if (given === undefined || grant.kind !== 'refresh-token') return undefined
  return given === (last ?? grant.refreshToken).reveal() ? undefined : createSecret(given)
}
