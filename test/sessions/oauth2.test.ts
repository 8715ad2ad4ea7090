import { expect, test } from 'vitest'

import type { GetToken } from '../../src/connections/auth/oauth2/callback.ts'
import { requestToken } from '../../src/connections/auth/oauth2/request-token.ts'
import { openLogin } from '../../src/connections/login.ts'
import type { FailedLogin } from '../../src/connections/login.ts'
import { adviceOf, remedyFor } from '../../src/connections/remedies/find.ts'
import { createSecret } from '../../src/connections/secret.ts'
import { judge } from '../../src/smtp/verdict.ts'
import { CLIENT_SECRET, MAILBOX, SCOPE, startTokenServer } from '../support/oauth/token-server.ts'
import type { TokenServer } from '../support/oauth/token-server.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { Script } from '../support/scripted-server.ts'

const TOKEN = 'eyJ0b2tlbg.for-ann=='
const getToken = () => ({ accessToken: TOKEN })
const CALLBACK = { method: 'oauth2', grant: 'callback', allowInsecureAuth: true, getToken } as const
const SAID = { status: 'invalid_token', scope: 'mail.send', 'openid-configuration': 'https://x' }
const refusal = `334 ${Buffer.from(JSON.stringify(SAID)).toString('base64')}`

/** What the server offers, whom it is for, and what is said, in base64's place. */
test.for<[offer: string, user: string, said: string]>([
  ['LOGIN XOAUTH2', 'a@x.org', `XOAUTH2 user=a@x.org\x01auth=Bearer ${TOKEN}\x01\x01`],
  ['OAUTHBEARER XOAUTH2', 'a@x.org', `XOAUTH2 user=a@x.org\x01auth=Bearer ${TOKEN}\x01\x01`],
  ['PLAIN OAUTHBEARER', 'a@x.org', `OAUTHBEARER n,a=a@x.org,\x01auth=Bearer ${TOKEN}\x01\x01`],
  [
    'OAUTHBEARER',
    'a=b,c@x.org',
    `OAUTHBEARER n,a=a=3Db=2Cc@x.org,\x01auth=Bearer ${TOKEN}\x01\x01`,
  ],
])('where a server offers %s, "%s" logs in by its token', async ([offer, user, said]) => {
  await using server = await startScriptedServer({
    EHLO: `250-hi\n250 AUTH ${offer}`,
    AUTH: '235 ok',
  })
  const login = await openLogin(await managerFor(server, { auth: { ...CALLBACK, user } }))
  expect(login.kind).toBe('open')
  if (login.kind === 'open') login.socket.destroy()
  const [, mechanism = '', initial = ''] = server.commands.at(-1)?.split(' ') ?? []
  expect(`${mechanism} ${Buffer.from(initial, 'base64').toString()}`).toBe(said)
})

test('a token that is too long for a command comes when it is asked for', async () => {
  const accessToken = 'e'.repeat(2_000)
  await using server = await startScriptedServer({
    EHLO: '250-hi\n250 AUTH XOAUTH2',
    AUTH: '334 ',
    CHALLENGE: '235 ok',
  })
  const auth = { ...CALLBACK, user: 'a@x.org', getToken: () => ({ accessToken }) }
  const login = await openLogin(await managerFor(server, { auth }))
  if (login.kind === 'open') login.socket.destroy()
  expect(login.kind).toBe('open')
  const [command, token = ''] = server.commands.slice(-2)
  expect(command).toBe('AUTH XOAUTH2')
  expect(Buffer.from(token, 'base64').toString()).toContain(`Bearer ${accessToken}\x01\x01`)
})

test.for<[mechanism: 'XOAUTH2' | 'OAUTHBEARER', ending: string]>([
  ['XOAUTH2', ''],
  ['OAUTHBEARER', 'AQ=='],
])('a refusal of %s is ended as it has to be, and told', async ([mechanism, ending]) => {
  const login = await failedLogin({
    EHLO: `250-hi\n250 AUTH ${mechanism}`,
    AUTH: refusal,
    CHALLENGE: (line) => (line === ending ? '535 5.7.8 no' : '500 what?'),
  })
  expect(login.fault).toMatchObject({
    kind: 'reply',
    reply: { code: 535, text: 'no (status invalid_token, scope mail.send)' },
  })
  expect(login.conversation.join('\n')).not.toContain(TOKEN)
})

test.for<[what: string, text: string]>([
  ['as it is', TOKEN],
  ['in base64', Buffer.from(TOKEN).toString('base64')],
  ['as it came', Buffer.from(`user=a@x.org\x01auth=Bearer ${TOKEN}\x01\x01`).toString('base64')],
])('a server that says the token back %s has it told to nobody', async ([, text]) => {
  const login = await failedLogin({ EHLO: '250-hi\n250 AUTH XOAUTH2', AUTH: `535 5.7.8 ${text} ?` })
  const told = JSON.stringify(login)
  expect(told).toContain('…')
  expect(told).not.toContain(text)
})

test.for<[what: string, offer: string, properties: object, cause: string]>([
  ['a server without a mechanism for tokens', 'PLAIN LOGIN', {}, 'NO_COMMON_MECHANISM'],
  ['a plain session', 'XOAUTH2', { allowInsecureAuth: false }, 'PLAIN_SESSION'],
  [
    'a server without the mechanism that is demanded',
    'XOAUTH2',
    { mechanism: 'OAUTHBEARER' },
    'NO_COMMON_MECHANISM',
  ],
])('%s costs no token', async ([, offer, properties, cause]) => {
  let asked = 0
  const counting = () => {
    asked++
    return { accessToken: TOKEN }
  }
  await using server = await startScriptedServer({ EHLO: `250-hi\n250 AUTH ${offer}` })
  const { manager, ...rest } = await managerFor(server, {
    auth: { ...CALLBACK, user: 'a@x.org', getToken: counting },
  })
  const credentials = { ...rest.credentials, ...properties } as typeof rest.credentials
  const login = await openLogin({ ...rest, manager, credentials })
  expect(login).toMatchObject({ kind: 'fault', fault: { kind: 'auth', cause } })
  expect(asked).toBe(0)
  expect(server.commands.filter((line) => line.startsWith('AUTH'))).toEqual([])
})

const HOUR_AGO = new Date(Date.now() - 3_600_000)
const refused = (error: string, description = ''): string =>
  JSON.stringify({ error, error_description: description })

/** What the token endpoint answers, what is told, what that means, and what advice there is. */
test.for<
  [answer: NonNullable<TokenServer['answer']>, told: RegExp, manager: string, remedy: string]
>([
  [
    { status: 401, body: refused('invalid_client', 'AADSTS7000215: wrong') },
    /401 invalid_client: AADSTS7000215: wrong/,
    'auth',
    'oauth2.client-refused',
  ],
  [
    { status: 401, body: refused('invalid_client'), challenge: 'Basic realm="tokens"' },
    /401 invalid_client/,
    'auth',
    'oauth2.client-refused',
  ],
  [
    { status: 400, body: refused('invalid_grant') },
    /400 invalid_grant/,
    'auth',
    'oauth2.grant-refused',
  ],
  [
    { status: 400, body: refused('unauthorized_client') },
    /400 unauthorized_client/,
    'auth',
    'oauth2.not-allowed',
  ],
  [
    { status: 400, body: refused('invalid_client', `got ${CLIENT_SECRET} of ${MAILBOX}`) },
    /got … of …@example.com/,
    'auth',
    'oauth2.client-refused',
  ],
  [
    { status: 401, body: refused('invalid_client'), date: HOUR_AGO },
    /clock here is 3[56]\d\d s ahead/,
    'auth',
    'oauth2.clock-skew',
  ],
  [
    { status: 200, body: '<html>welcome</html>' },
    /answered 200, which is no answer/,
    'auth',
    'oauth2.no-endpoint',
  ],
  [
    { status: 404, body: 'what?' },
    /answered 404, which is no answer/,
    'auth',
    'oauth2.no-endpoint',
  ],
  [{ status: 429, body: '' }, /answered 429/, 'fault', 'oauth2.endpoint-away'],
  [
    { status: 503, body: refused('temporarily_unavailable') },
    /answered 503/,
    'fault',
    'oauth2.endpoint-away',
  ],
  [
    { status: 200, body: '{"access_tok', isCut: true },
    /is out of reach: UND_ERR_SOCKET/,
    'fault',
    'oauth2.endpoint-away',
  ],
])('a token endpoint that answers %j is told, judged and explained', async (row) => {
  const [answer, told, manager, remedy] = row
  await using tokens = await startTokenServer()
  tokens.answer = answer
  const login = await loginWith(tokens.tokenUrl)
  const { fault } = login
  expect(fault).toMatchObject({ stage: 'auth', detail: expect.stringMatching(told) })
  expect(judge(fault).manager).toBe(manager)
  expect(remedyOf(login)).toBe(remedy)
  expect(JSON.stringify(login)).not.toContain(CLIENT_SECRET)
})

test('tokens are taken though an `id_token` of an unknown issuer comes with them', async () => {
  await using tokens = await startTokenServer()
  const claims = { iss: 'https://elsewhere.example', sub: 'ann', aud: 'of-owner', iat: 1, exp: 2 }
  const [header, payload] = [{ alg: 'HS256' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const given = { access_token: TOKEN, token_type: 'Bearer', refresh_token: 'the-next-one' }
  const id_token = `${header}.${payload}.c2ln`
  tokens.answer = { status: 200, body: JSON.stringify({ ...given, id_token }) }
  const granted = await refreshAt(tokens)
  if (granted.kind === 'fault') throw new Error(JSON.stringify(granted.fault))
  expect(granted.accessToken.reveal()).toBe(TOKEN)
  expect(granted.refreshToken?.reveal()).toBe('the-next-one')
})

/** Answers with an access token that is of no use. */
const USELESS = [
  { access_token: TOKEN, token_type: 'mac' },
  { access_token: TOKEN },
  { access_token: TOKEN, token_type: 'Bearer', expires_in: 'soon' },
  { access_token: TOKEN, token_type: 'Bearer', expires_in: -1 },
  { access_token: '', token_type: 'Bearer' },
]

test('an answer that is of no use is refused, and the refresh token in it is not lost', async () => {
  await using tokens = await startTokenServer()
  for (const useless of USELESS) {
    const body = JSON.stringify({ ...useless, refresh_token: 'the-next-one' })
    tokens.answer = { status: 200, body }
    const answer = await refreshAt(tokens)
    expect(answer).toMatchObject({ kind: 'fault', fault: { kind: 'auth' } })
    expect(answer.refreshToken?.reveal()).toBe('the-next-one')
    expect(JSON.stringify(answer)).not.toContain('the-next-one')
  }
  const body = JSON.stringify({ error: 'invalid_grant', refresh_token: 'of-somebody' })
  tokens.answer = { status: 400, body }
  expect((await refreshAt(tokens)).refreshToken).toBeUndefined()
})

test('a token endpoint that nobody answers at is like a mail server that is away', async () => {
  const tokens = await startTokenServer()
  await tokens[Symbol.asyncDispose]()
  const login = await loginWith(tokens.tokenUrl)
  expect(login.fault).toMatchObject({
    kind: 'refused',
    detail: expect.stringContaining('ECONNREFUSED'),
  })
  expect(judge(login.fault).manager).toBe('fault')
  expect(remedyOf(login)).toBe('oauth2.endpoint-away')
})

test('what an application throws is told by its name alone', async () => {
  const login = await failedLogin({ EHLO: '250-hi\n250 AUTH XOAUTH2' }, broken)
  expect(login.fault).toMatchObject({ kind: 'refused', detail: '`getToken` threw RangeError' })
})

test('an application that gives an invalid date is told so', async () => {
  const login = await failedLogin({ EHLO: '250-hi\n250 AUTH XOAUTH2' }, undated)
  const detail = '`getToken` gave an `expiresAt` that is no valid date'
  expect(login.fault).toEqual({ kind: 'auth', stage: 'auth', detail })
})

function refreshAt({ tokenUrl }: TokenServer) {
  const client = { clientId: createSecret('of-owner'), clientSecret: createSecret(CLIENT_SECRET) }
  const endpoint = { tokenUrl, scope: undefined, clientSecretIn: 'body' } as const
  const refreshToken = createSecret('the-first-one')
  const grant = { kind: 'refresh-token', ...client, ...endpoint, refreshToken } as const
  return requestToken({ user: createSecret(MAILBOX), grant }, undefined)
}

function undated() {
  return { accessToken: TOKEN, expiresAt: new Date('tomorrow, perhaps') }
}

function broken(): Promise<never> {
  return Promise.reject(new RangeError(`the secret ${TOKEN}`))
}

async function failedLogin(script: Script, give: GetToken = getToken): Promise<FailedLogin> {
  await using server = await startScriptedServer(script)
  const auth = { ...CALLBACK, user: 'a@x.org', getToken: give }
  const login = await openLogin(await managerFor(server, { auth }))
  if (login.kind === 'open') throw new Error('expected the login to fail')
  return login
}

async function loginWith(tokenUrl: string): Promise<FailedLogin> {
  await using server = await startScriptedServer({ EHLO: '250-hi\n250 AUTH XOAUTH2' })
  const client = { clientId: 'app', clientSecret: CLIENT_SECRET, scope: SCOPE, tokenUrl }
  const login = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true } as const
  const auth = { ...login, grant: 'client-credentials', ...client } as const
  const failed = await openLogin(await managerFor(server, { auth }))
  if (failed.kind === 'open') throw new Error('expected the login to fail')
  return failed
}

function remedyOf({ fault }: FailedLogin): string | undefined {
  const remedy = remedyFor(fault, { port: 587, tls: 'starttls', auth: { method: 'oauth2' } })
  expect(remedy && adviceOf(remedy)).toMatch(/\.$/)
  return remedy?.id
}
