import { expect, test } from 'vitest'

import {
  CLIENT_KEY_PEM,
  CLIENT_SECRET,
  MAILBOX,
  SCOPE,
  startTokenServer,
} from '../support/oauth/token-server.ts'
import type { TokenServer } from '../support/oauth/token-server.ts'
import { SERVICE_ACCOUNT } from '../support/oauth/service-account.ts'
import { createCertificate } from '../support/certificate.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import type { TestSmtpServer } from '../support/smtp-server.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

const COMMON = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true }

function bySecret({ tokenUrl }: TokenServer) {
  const client = { clientId: 'app', clientSecret: CLIENT_SECRET, scope: SCOPE, tokenUrl }
  return { ...COMMON, grant: 'client-credentials', ...client }
}

function startMailServer({ isGood }: TokenServer): Promise<TestSmtpServer> {
  return startSmtpServer({ checkToken: isGood })
}

const { cert } = createCertificate({ hosts: ['client.test'] })

/** How the tokens are got, and what that looks like at the token endpoint. */
test.for<[how: string, auth: (tokens: TokenServer) => Promise<object>, request: object]>([
  [
    'client credentials with a secret',
    (tokens) => Promise.resolve(bySecret(tokens)),
    { grant: 'client_credentials' },
  ],
  [
    'client credentials with a secret in the header',
    (tokens) =>
      Promise.resolve({ ...bySecret(tokens), clientId: 'by-header', clientSecretIn: 'header' }),
    { grant: 'client_credentials' },
  ],
  [
    'client credentials with a key and its certificate',
    ({ tokenUrl }) => {
      const own = { clientId: 'by-key', privateKey: CLIENT_KEY_PEM, certificate: cert }
      return Promise.resolve({
        ...COMMON,
        grant: 'client-credentials',
        ...own,
        scope: SCOPE,
        tokenUrl,
      })
    },
    {
      grant: 'client_credentials',
      assertionHeader: {
        alg: 'PS256',
        typ: 'JWT',
        'x5t#S256': expect.stringMatching(/^[\w-]{43}$/),
      },
    },
  ],
  [
    'a refresh token',
    async ({ tokenUrl, allow }) => {
      const own = { clientId: 'of-owner', clientSecret: CLIENT_SECRET }
      return { ...COMMON, grant: 'refresh-token', ...own, refreshToken: await allow(), tokenUrl }
    },
    { grant: 'refresh_token' },
  ],
  [
    "a service account's key file",
    ({ tokenUrl }) =>
      Promise.resolve({
        ...COMMON,
        grant: 'service-account',
        key: JSON.stringify(SERVICE_ACCOUNT),
        tokenUrl,
      }),
    { grant: expect.stringMatching(/jwt-bearer$/) },
  ],
  [
    'a function of the application',
    ({ tokenUrl }) => {
      const getToken = async ({ signal }: { readonly signal: AbortSignal }) => {
        const form = { client_id: 'app', client_secret: CLIENT_SECRET, scope: SCOPE }
        const body = new URLSearchParams({ grant_type: 'client_credentials', ...form })
        const answer = await fetch(tokenUrl, { method: 'POST', body, signal })
        const { access_token: accessToken } = (await answer.json()) as { access_token: string }
        return { accessToken, expiresAt: new Date(Date.now() + 3_600_000) }
      }
      return Promise.resolve({ ...COMMON, grant: 'callback', getToken })
    },
    { grant: 'client_credentials' },
  ],
])('mail is delivered by %s', async ([, authOf, request]) => {
  await using tokens = await startTokenServer()
  await using server = await startMailServer(tokens)
  const auth = await authOf(tokens)
  await using room = await openRoom(embeddedPlace(), { port: server.port, auth })
  for (const { id } of [await room.send(), await room.send()]) {
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  }
  expect(server.mails.map(({ user }) => user)).toEqual([MAILBOX, MAILBOX])
  expect(tokens.requests).toEqual([expect.objectContaining(request)])
})
