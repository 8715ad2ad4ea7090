import { generateKeyPairSync } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { createConnections } from '../../src/index.ts'
import type { ConnectionDefinition } from '../../src/index.ts'
import { createCertificate } from '../support/certificate.ts'
import { problemsOf } from './problems-of.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const { cert } = createCertificate({ hosts: ['client.test'] })

const USER = { method: 'oauth2', user: 'app@example.com' }
const CLIENT = {
  ...USER,
  grant: 'client-credentials',
  clientId: 'app',
  tokenUrl: 'https://id.test/token',
}
const BY_SECRET = { ...CLIENT, clientSecret: 'hush-hush' }
const REFRESH = { ...USER, grant: 'refresh-token', clientId: 'app', refreshToken: 'r-4711' }
const ACCOUNT = { ...USER, grant: 'service-account' }

function collectionOf(properties: object) {
  const definition = { server: 'mail.example.com', ...properties } as ConnectionDefinition
  return createConnections({ relay: definition }).connections
}

/** What is wrong with a login, and at which property. */
test.for<[what: string, auth: object, property: string, message: RegExp]>([
  ['no endpoint', { ...BY_SECRET, tokenUrl: undefined }, 'tokenUrl', /token endpoint, or `tenant`/],
  [
    'an endpoint in the clear',
    { ...BY_SECRET, tokenUrl: 'http://id.test/token' },
    'tokenUrl',
    /https/,
  ],
  [
    'an endpoint with a password',
    { ...BY_SECRET, tokenUrl: 'https://a:b@id.test/' },
    'tokenUrl',
    /https/,
  ],
  ['neither secret nor key', CLIENT, 'clientSecret', /either `clientSecret` or `privateKey`/],
  ['secret and key', { ...BY_SECRET, privateKey: KEY }, 'clientSecret', /either/],
  [
    'a certificate without its key',
    { ...BY_SECRET, certificate: cert },
    'privateKey',
    /private key of/,
  ],
  [
    'no certificate for Microsoft',
    { ...CLIENT, tokenUrl: undefined, tenant: 'example.com', privateKey: KEY },
    'certificate',
    /certificate of `privateKey`/,
  ],
  ['a tenant that is a path', { ...BY_SECRET, tenant: '../x' }, 'tenant', /id or the domain/],
  ['half of a service account', { ...ACCOUNT, clientEmail: 'robot@x.test' }, 'key', /either `key`/],
  [
    'a function that is a text',
    { ...USER, grant: 'callback', getToken: 'x' },
    'getToken',
    /in code/,
  ],
])('a login with %s is refused', ([, auth, property, message]) => {
  const problems = problemsOf(() => collectionOf({ auth }))
  const path = ['connections', 'relay', 'auth', property]
  const expected = { path, message: expect.stringMatching(message) }
  expect(problems).toContainEqual(expect.objectContaining(expected))
})

test('tokens go over a plain connection only when that is allowed', () => {
  const problems = problemsOf(() => collectionOf({ tls: 'none', auth: BY_SECRET }))
  expect(problems).toMatchObject([
    { code: 'INSECURE_AUTH', path: ['connections', 'relay', 'auth'] },
  ])
})

/** Where tokens come from, and what for. */
test.for<[what: string, properties: object, tokenUrl: string, scope: string | undefined]>([
  ['what is written down', { auth: { ...BY_SECRET, scope: 's' } }, 'https://id.test/token', 's'],
  ['what is written down without a scope', { auth: BY_SECRET }, 'https://id.test/token', undefined],
  [
    "a tenant's program",
    { auth: { ...BY_SECRET, tokenUrl: undefined, tenant: 'x.test' } },
    'https://login.microsoftonline.com/x.test/oauth2/v2.0/token',
    'https://outlook.office365.com/.default',
  ],
  [
    "a tenant's mailbox",
    { auth: { ...REFRESH, tenant: 'x.test' } },
    'https://login.microsoftonline.com/x.test/oauth2/v2.0/token',
    'https://outlook.office.com/SMTP.Send offline_access',
  ],
  [
    'a mailbox at Gmail',
    { service: 'gmail', auth: REFRESH },
    'https://oauth2.googleapis.com/token',
    'https://mail.google.com/',
  ],
  [
    'a service account',
    { auth: { ...ACCOUNT, clientEmail: 'robot@x.test', privateKey: KEY } },
    'https://oauth2.googleapis.com/token',
    'https://mail.google.com/',
  ],
])('the tokens of %s come from their place', async ([, properties, tokenUrl, scope]) => {
  const { credentials } = await collectionOf(properties).resolve('relay', { env: {} })
  expect(credentials).toMatchObject({ grant: { tokenUrl } })
  expect(credentials).toHaveProperty('grant.scope', scope)
})

test('a key that is none is told when it is needed', async () => {
  await expect(resolving({ ...CLIENT, privateKey: 'x' })).rejects.toThrow(/no private key/)
  await expect(resolving({ ...CLIENT, privateKey: KEY, certificate: 'x' })).rejects.toThrow(
    /no certificate/,
  )
  await expect(resolving({ ...ACCOUNT, key: '{"private_key":"hush"}' })).rejects.toThrow(
    /^(?!.*hush).*no key file of a service account/,
  )
})

test('names are shown, references too, and no secret', () => {
  const auth = { ...BY_SECRET, clientSecret: 'hush-hush', scope: 's' }
  const [shown] = collectionOf({ auth }).list()
  expect(shown?.auth).toEqual({
    ...auth,
    clientSecret: '[secret]',
    clientSecretIn: 'body',
    allowInsecureAuth: false,
  })
  const [referring] = collectionOf({ auth: { ...auth, clientSecret: '${env:S}' } }).list()
  expect(referring?.auth).toMatchObject({ clientSecret: '${env:S}' })
})

test('another secret, account, mechanism or permission is another login', async () => {
  const others = [
    BY_SECRET,
    { ...BY_SECRET, clientSecret: 'other' },
    { ...BY_SECRET, user: 'other@example.com' },
    { ...BY_SECRET, mechanism: 'OAUTHBEARER' },
    { ...BY_SECRET, scope: 'other' },
    { ...BY_SECRET, allowInsecureAuth: true },
    { ...USER, grant: 'callback', getToken: () => ({ accessToken: 'a' }) },
    { ...USER, grant: 'callback', getToken: () => ({ accessToken: 'b' }) },
  ]
  const digests = await Promise.all(
    others.map(async (auth) => (await collectionOf({ auth }).resolve('relay', { env: {} })).digest),
  )
  expect(new Set(digests).size).toBe(others.length)
})

function propertiesOf(relay: object) {
  const { connections } = createConnections({ relay } as never)
  const { server, port, tls, limits } = connections.get('relay')
  return { server, port, tls, limits }
}

function resolving(auth: object): Promise<unknown> {
  return collectionOf({ auth }).resolve('relay', { env: {} })
}

test('a login without a grant is told which there are', () => {
  const [problem] = problemsOf(() => collectionOf({ auth: USER }))
  expect(problem?.message).toMatch(/client-credentials.*refresh-token.*service-account.*callback/)
})

describe('a service', () => {
  test.for<[service: string, server: string, sessions: number, firstRate: object]>([
    ['exchange-online', 'smtp.office365.com', 3, { messages: 30, per: 60_000 }],
    ['gmail', 'smtp.gmail.com', 5, { messages: 1_500, per: 86_400_000, burst: 500 }],
  ])('%s says server, port, TLS and limits', ([service, server, sessions, rate]) => {
    const { connections } = createConnections({ relay: { service } as ConnectionDefinition })
    expect(connections.get('relay')).toMatchObject({
      server,
      port: 587,
      tls: 'starttls',
      limits: { sessions, rate: [rate, { recipients: 7_500, burst: 2_500 }] },
    })
  })

  test('gives way to what stands beside it, limit by limit', () => {
    const relay = { service: 'exchange-online', port: 2525, limits: { sessions: 1 } } as const
    expect(createConnections({ relay }).connections.get('relay')).toMatchObject({
      server: 'smtp.office365.com',
      port: 2525,
      limits: { sessions: 1, rate: [{ messages: 30 }, { recipients: 7_500 }] },
    })
  })

  test.for(['exchange-online', 'gmail'] as const)(
    '%s says nothing that cannot be changed',
    (service) => {
      const known = propertiesOf({ service })
      const limits = known.limits
      const rate = { messages: 7, per: 1_000 }
      const changes = [
        { server: 'smtp.example.com' },
        { port: 2525 },
        { tls: 'opportunistic' },
        { limits: { sessions: 7 } },
        { limits: { recipientsPerTransaction: 7 } },
        { limits: { rate: [rate] } },
        { limits: { rate: [] } },
      ] as const
      for (const change of changes) {
        const more = 'limits' in change ? { limits: { ...limits, ...change.limits } } : change
        expect(propertiesOf({ service, ...change })).toEqual({ ...known, ...more })
      }
    },
  )

  test('that nobody knows is refused by name', () => {
    const relay = { service: 'hotmail' } as unknown as ConnectionDefinition
    expect(problemsOf(() => createConnections({ relay }))).toMatchObject([
      { path: ['connections', 'relay', 'service'] },
      { path: ['connections', 'relay', 'server'] },
    ])
  })
})
