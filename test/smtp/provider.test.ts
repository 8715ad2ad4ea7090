import { expect, test } from 'vitest'

import { createConnections } from '../../src/connections/connections.ts'
import { parseProvider, providerOf, PROVIDERS, SERVERS } from '../../src/smtp/provider.ts'

test.for<[server: string, provider: string | undefined]>([
  ['smtp.gmail.com', 'gmail'],
  ['smtp-relay.gmail.com', 'gmail'],
  ['SMTP.Gmail.com.', 'gmail'],
  ['smtp.office365.com', 'exchange'],
  ['smtp-mail.outlook.com', 'exchange'],
  ['example-org.mail.protection.outlook.com', 'exchange'],
  ['email-smtp.eu-west-1.amazonaws.com', 'ses'],
  ['email-smtp-fips.us-east-1.amazonaws.com', 'ses'],
  ['smtp.mail.yahoo.com', 'yahoo'],
  ['smtp.mail.me.com', 'apple'],
  ['gmail.com.example.org', undefined],
  ['notsmtp.gmail.com', undefined],
  ['email-smtp.a.b.amazonaws.com', undefined],
  ['smtp.example.com', undefined],
  ['127.0.0.1', undefined],
])('%s is a server of %s', ([server, provider]) => {
  expect(providerOf(server)).toBe(provider)
})

test('every provider has servers, and each of their names has a source', () => {
  expect(new Set(SERVERS.map(({ provider }) => provider))).toEqual(new Set(PROVIDERS))
  for (const { source } of SERVERS) expect(source).toMatch(/^https:\/\//)
})

test('a connection manager knows its provider by its server, unless it is told', () => {
  const { connections } = createConnections({
    google: { server: 'smtp.gmail.com' },
    proxy: { server: 'smtp.example.com', provider: 'exchange-online' },
    mine: { server: 'smtp.gmail.com', provider: 'none' },
    relay: { server: 'smtp.example.com' },
    url: 'smtp://email-smtp.eu-west-1.amazonaws.com',
  })
  const providers = connections.list().map(({ name, provider }) => [name, provider])
  expect(Object.fromEntries(providers)).toEqual({
    google: 'gmail',
    proxy: 'exchange',
    mine: 'none',
    relay: undefined,
    url: 'ses',
  })
})

test('a provider that nobody knows is refused with the ones that are known', () => {
  const server = { server: 'smtp.example.com', provider: 'hotmail' }
  expect(() => createConnections({ relay: server as never })).toThrow(/"gmail"/)
  expect(parseProvider('hotmail')).toBeUndefined()
})
