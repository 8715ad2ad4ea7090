import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { Provider } from 'oidc-provider'
import type { ClientAuthMethod, ClientMetadata, KoaContextWithOIDC } from 'oidc-provider'

import { portOf } from '../port-of.ts'
import { isGenuine, JWT_BEARER } from './service-account.ts'

/** What a test's programs are called, and prove themselves with. */
export const CLIENT_SECRET = 'app-Secret~8Q4f-XyZ'
export const SCOPE = 'mail.send'
/** The mailbox that all tokens are for. */
export const MAILBOX = 'app@example.com'
const [LOCAL_PART] = MAILBOX.split('@')

const MAIL_SERVER = { id: 'mail-server', secret: 'mail-Secret-5531' }
const { privateKey: CLIENT_KEY } = generateKeyPairSync('rsa', { modulusLength: 2_048 })

/** The key of the client `by-key`, as PEM text. */
export const CLIENT_KEY_PEM = CLIENT_KEY.export({ type: 'pkcs8', format: 'pem' }).toString()

/** One request for a token. */
interface TokenRequest {
  readonly grant: string
  readonly refreshToken: string | undefined
  /** The header of a client's assertion. */
  readonly assertionHeader: Readonly<Record<string, unknown>> | undefined
}

interface ScriptedAnswer {
  readonly status: number
  readonly body: string
  readonly date?: Date
  /** The challenge to the client, as `WWW-Authenticate`. */
  readonly challenge?: string
  /** The connection ends before the body does. */
  readonly isCut?: true
}

/** A real OpenID provider on loopback, for the clients of the tests. */
export interface TokenServer extends AsyncDisposable {
  readonly tokenUrl: string
  /** Where a mail server asks about a token; holds that server's own password. */
  readonly introspectionUrl: string
  readonly requests: readonly TokenRequest[]
  /** All access tokens and refresh tokens that were given. */
  readonly given: readonly string[]
  /** How long access tokens live. */
  lifeS: number
  /** With it every request is answered so, and nothing is given. */
  answer: ScriptedAnswer | undefined
  /** Awaited before each request is answered. */
  beforeAnswer: () => Promise<void>
  /** A refresh token of the client `of-owner`, for `MAILBOX`. */
  readonly allow: () => Promise<string>
  /** Makes all access tokens that were given worthless. */
  readonly revokeAll: () => Promise<void>
  /** Makes these, and all refresh tokens, worthless: nobody allows anything any more. */
  readonly withdrawAll: () => Promise<void>
  /** Whether `token` lets somebody send as `user`. */
  readonly isGood: (token: string, user: string) => Promise<boolean>
}

/** Starts the provider on a free port. Clients: `app`, `by-header`, `by-key`, `of-owner`. */
export async function startTokenServer(): Promise<TokenServer> {
  const http = createServer()
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const origin = `http://127.0.0.1:${portOf(http)}`
  const requests: TokenRequest[] = []
  const given: string[] = []
  const saved: Destroyable[] = []
  const allowed: Destroyable[] = []
  const provider = createProvider(origin, () => server.lifeS)
  const note = (token: Destroyable): void => void saved.push(token)
  provider.on('access_token.saved', note)
  provider.on('client_credentials.saved', note)
  provider.on('refresh_token.saved', (token) => void allowed.push(token))
  const handle = provider.callback()

  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url !== '/token') {
      await handle(request, response)
      return
    }
    const form = await formOf(request)
    requests.push(requestOf(form))
    await server.beforeAnswer()
    if (server.answer === undefined) {
      noteGiven(response, given)
      // Who asks by an assertion alone needs no client (RFC 7523 §3.1), but this provider wants one.
      if (form['grant_type'] === JWT_BEARER) form['client_id'] = 'anybody'
      await handle(Object.assign(request, { body: form }), response)
      return
    }
    answerWith(server.answer, response)
  }
  http.on('request', (request, response) => void onRequest(request, response))

  const server: TokenServer = {
    tokenUrl: `${origin}/token`,
    introspectionUrl: `${origin.replace('://', `://${MAIL_SERVER.id}:${MAIL_SERVER.secret}@`)}/token/introspection`,
    requests,
    given,
    lifeS: 3_600,
    answer: undefined,
    beforeAnswer: () => Promise.resolve(),
    allow: () => allow(provider),
    revokeAll: () => destroy(saved),
    withdrawAll: () => destroy([...saved, ...allowed]),
    isGood: (token, user) => isGood(`${origin}/token/introspection`, token, user),
    [Symbol.asyncDispose]: async () => {
      http.close()
      http.closeAllConnections()
      await once(http, 'close')
    },
  }
  return server
}

interface Destroyable {
  destroy(): Promise<void>
}

async function destroy(tokens: readonly Destroyable[]): Promise<void> {
  for (const token of tokens) await token.destroy()
}

function answerWith(answer: ScriptedAnswer, response: ServerResponse): void {
  const { status, body, date = new Date(), challenge, isCut } = answer
  response.setHeader('content-type', 'application/json')
  response.setHeader('date', date.toUTCString())
  if (challenge !== undefined) response.setHeader('www-authenticate', challenge)
  response.writeHead(status)
  if (isCut) response.write(body, () => response.destroy())
  else response.end(body)
}

function createProvider(issuer: string, lifeS: () => number): Provider {
  const provider = new Provider(issuer, {
    clients: clients(),
    scopes: ['openid', 'offline_access', SCOPE],
    jwks: {
      keys: [
        generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ format: 'jwk' }),
      ],
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
    },
    cookies: { keys: ['of no use here'] },
    enabledJWA: { clientAuthSigningAlgValues: ['PS256'] },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: lifeS,
      ClientCredentials: lifeS,
      Grant: 86_400,
      IdToken: 3_600,
      RefreshToken: 86_400,
    },
    extraTokenClaims: () => ({ username: MAILBOX, local_part: LOCAL_PART }),
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  })
  const handler = (context: KoaContextWithOIDC) => giveByAssertion(provider, context)
  provider.registerGrantType(JWT_BEARER, handler, ['assertion', 'scope'])
  return provider
}

function clients(): ClientMetadata[] {
  const { client_secret: _secret, ...byKey } = clientOf('by-key', 'private_key_jwt', [
    'client_credentials',
  ])
  const { client_secret: _none, ...anybody } = clientOf('anybody', 'none', [JWT_BEARER])
  return [
    clientOf('app', 'client_secret_post', ['client_credentials']),
    clientOf('by-header', 'client_secret_basic', ['client_credentials']),
    {
      ...byKey,
      jwks: {
        keys: [
          {
            ...createPublicKey(createPrivateKey(CLIENT_KEY_PEM)).export({ format: 'jwk' }),
            kty: 'RSA',
          },
        ],
      },
    },
    {
      ...clientOf('of-owner', 'client_secret_post', ['authorization_code', 'refresh_token']),
      redirect_uris: ['https://app.example.com/done'],
      response_types: ['code'],
    },
    anybody,
    { ...clientOf(MAIL_SERVER.id, 'client_secret_basic', []), client_secret: MAIL_SERVER.secret },
  ]
}

function clientOf(id: string, method: ClientAuthMethod, grants: string[]): ClientMetadata {
  return {
    client_id: id,
    client_secret: CLIENT_SECRET,
    token_endpoint_auth_method: method,
    grant_types: grants,
    redirect_uris: [],
    response_types: [],
    scope: `openid offline_access ${SCOPE}`,
  }
}

async function giveByAssertion(provider: Provider, context: KoaContextWithOIDC): Promise<void> {
  const { client, params } = context.oidc
  const { assertion } = params ?? {}
  if (
    !client ||
    typeof assertion !== 'string' ||
    !isGenuine(assertion, `${provider.issuer}/token`)
  ) {
    context.status = 400
    context.body = { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }
    return
  }
  const token = new provider.ClientCredentials({
    client,
    scope: SCOPE,
    extra: { username: MAILBOX },
  })
  context.body = {
    access_token: await token.save(),
    expires_in: token.expiration,
    token_type: 'Bearer',
  }
}

/** What the owner of the mailbox does in a browser, without the browser. */
async function allow(provider: Provider): Promise<string> {
  const client = await provider.Client.find('of-owner')
  if (!client) throw new Error('expected the client of-owner')
  const grant = new provider.Grant({ accountId: MAILBOX, clientId: client.clientId })
  grant.addOIDCScope(`openid offline_access ${SCOPE}`)
  const grantId = await grant.save()
  const token = new provider.RefreshToken({
    accountId: MAILBOX,
    client,
    grantId,
    gty: 'authorization_code',
    scope: `openid offline_access ${SCOPE}`,
  })
  return token.save()
}

async function isGood(url: string, token: string, user: string): Promise<boolean> {
  const { id, secret } = MAIL_SERVER
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ token }),
  })
  const { active, username } = (await response.json()) as Readonly<Record<string, unknown>>
  return active === true && username === user
}

async function formOf(request: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
}

function requestOf(form: Readonly<Record<string, string>>): TokenRequest {
  const [header] = form['client_assertion']?.split('.') ?? []
  return {
    grant: form['grant_type'] ?? '',
    refreshToken: form['refresh_token'],
    assertionHeader:
      header === undefined
        ? undefined
        : (JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>),
  }
}

/** Listens to what the provider answers. */
function noteGiven(response: ServerResponse, given: string[]): void {
  const end = response.end.bind(response)
  response.end = ((body: unknown, ...rest: never[]) => {
    for (const [, token = ''] of String(body).matchAll(/"(?:access|refresh)_token":"(.*?)"/g)) {
      given.push(token)
    }
    return Reflect.apply(end, undefined, [body, ...rest]) as ServerResponse
  }) as typeof end
}
