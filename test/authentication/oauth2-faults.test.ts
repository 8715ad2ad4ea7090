import { join } from 'node:path'

import { expect, test } from 'vitest'

import { openRegistry } from '../../src/fleet/registry.ts'
import { openPlace } from '../fleet/open-health.ts'
import { CLIENT_SECRET, MAILBOX, SCOPE, startTokenServer } from '../support/oauth/token-server.ts'
import type { TokenServer } from '../support/oauth/token-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { embeddedPlace } from '../support/stores.ts'
import type { TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from '../worker/mail-room.ts'
import type { Room } from '../worker/mail-room.ts'
import { plain, reconfigure, write } from '../worker/reconfigured.ts'

/** Each message needs a login of its own, and they follow each other. */
const limits = { sessions: 1, messagesPerSession: 1 }

function auth({ tokenUrl }: TokenServer, clientSecret = CLIENT_SECRET) {
  const client = { clientId: 'app', clientSecret, scope: SCOPE, tokenUrl }
  const login = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true }
  return { ...login, grant: 'client-credentials', ...client }
}

test('a wrong secret of the client parks the manager with one request, and no login', async () => {
  await using tokens = await startTokenServer()
  await using server = await startSmtpServer({ checkToken: tokens.isGood })
  const wrong = auth(tokens, 'not-the-secret-4711')
  await using room = await openRoom(embeddedPlace(), { port: server.port, auth: wrong })
  await Promise.all(Array.from({ length: 5 }, () => room.send()))
  await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'account' }])
  await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 5, dead: 0 })
  expect(JSON.stringify(room.told('parked'))).toMatch(/answered 401 invalid_client/)
  expect(tokens.requests).toHaveLength(1)
  expect(server.logins).toBe(0)
  expectNoSecrets(room, tokens, 'not-the-secret-4711')
})

test('a token that was revoked is replaced within the login that finds out', async () => {
  await using tokens = await startTokenServer()
  await using server = await startSmtpServer({ checkToken: tokens.isGood })
  await using room = await openRoom(embeddedPlace(), {
    port: server.port,
    auth: auth(tokens),
    limits,
  })
  await room.settled((await room.send()).id)
  await tokens.revokeAll()
  const { id } = await room.send()
  expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
  expect(tokens.requests).toHaveLength(2)
  expect(room.told('parked')).toEqual([])
  expectNoSecrets(room, tokens)
})

test('a mailbox that no token opens any more parks the manager after one renewal', async () => {
  await using tokens = await startTokenServer()
  let isOpen = true
  await using server = await startSmtpServer({
    checkToken: (token, user) => (isOpen ? tokens.isGood(token, user) : Promise.resolve(false)),
  })
  await using room = await openRoom(embeddedPlace(), {
    port: server.port,
    auth: auth(tokens),
    limits,
  })
  await room.settled((await room.send()).id)
  isOpen = false
  const logins = server.logins
  await room.send()
  await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'account', code: 535 }])
  expect(tokens.requests).toHaveLength(2)
  expect(server.logins - logins).toBe(2)
  expectNoSecrets(room, tokens)
})

test.for<[what: string, answer: TokenServer['answer']]>([
  ['is broken', { status: 503, body: '<h1>Service Unavailable</h1>' }],
  ['is busy', { status: 429, body: '{"error":"slow_down"}' }],
])('mail waits while the token endpoint %s, and no alert goes out', async ([, answer]) => {
  await using tokens = await startTokenServer()
  await using server = await startSmtpServer({ checkToken: tokens.isGood })
  tokens.answer = answer
  await using room = await openRoom(embeddedPlace(), { port: server.port, auth: auth(tokens) })
  const { id } = await room.send()
  await expect.poll(() => tokens.requests.length).toBeGreaterThan(1)
  expect(room.told('parked').filter(({ blames }) => blames === 'account')).toEqual([])
  tokens.answer = undefined
  expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
})

test('a token that grows old while mail flows is renewed in time, and nothing is refused', async () => {
  await using tokens = await startTokenServer()
  tokens.lifeS = 3
  const refused: string[] = []
  await using server = await startSmtpServer({
    checkToken: async (token, user) => {
      const isGood = await tokens.isGood(token, user)
      if (!isGood) refused.push(token)
      return isGood
    },
  })
  await using room = await openRoom(embeddedPlace(), {
    port: server.port,
    auth: auth(tokens),
    limits,
  })
  while (tokens.requests.length < 3) {
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
  }
  expect(refused).toEqual([])
  expect(room.told('parked')).toEqual([])
})

test('a refresh token that is replaced at each use is never used twice', async () => {
  await using tokens = await startTokenServer()
  tokens.lifeS = 2
  await using server = await startSmtpServer({ checkToken: tokens.isGood })
  const own = {
    clientId: 'of-owner',
    clientSecret: CLIENT_SECRET,
    refreshToken: await tokens.allow(),
  }
  const { tokenUrl } = tokens
  const login = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true }
  const refreshing = { ...login, grant: 'refresh-token', ...own, tokenUrl }
  await using room = await openRoom(embeddedPlace(), {
    port: server.port,
    auth: refreshing,
    limits,
  })
  while (tokens.requests.length < 3) {
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
  }
  const used = tokens.requests.map(({ refreshToken }) => refreshToken)
  expect(used[0]).toBe(own.refreshToken)
  expect(new Set(used).size).toBe(used.length)
  expectNoSecrets(room, tokens, own.refreshToken)
})

/** How the worker gets to know of another refresh token. */
test.for<[how: string, renew: (room: Room, change: Change) => Promise<unknown>]>([
  ['in its file', (_room, { file, fresh }) => write(file, fresh)],
  ['by another configuration', (room, { store, other }) => reconfigure(room, store, other)],
])(
  'what its owner has withdrawn parks the manager, until there is something new %s',
  async ([, renew]) => {
    await using tokens = await startTokenServer()
    await using server = await startSmtpServer({ checkToken: tokens.isGood })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'refresh-token')
    await write(file, await tokens.allow())
    const { tokenUrl } = tokens
    const own = { clientId: 'of-owner', clientSecret: CLIENT_SECRET, tokenUrl }
    const login = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true }
    const relay = (refreshToken: string) =>
      plain(server.port, {
        limits,
        auth: { ...login, grant: 'refresh-token', ...own, refreshToken },
      })
    const store = embeddedPlace()
    await using room = await openRoom(store, relay(`\${file:${file}}`))
    expect(await room.settled((await room.send()).id)).toMatchObject({ state: 'delivered' })

    await tokens.withdrawAll()
    const [logins, requests] = [server.logins, tokens.requests.length]
    const sent = await Promise.all([room.send(), room.send()])
    await expect
      .poll(() => room.told('parked'))
      .toMatchObject([
        {
          blames: 'account',
          reason: expect.stringContaining('answered 400 invalid_grant'),
          problem: 'oauth2.grant-refused',
          advice: expect.stringContaining(
            'Get a new `refreshToken` from the owner of the mailbox.',
          ),
        },
      ])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 2, dead: 0 })
    expect(server.logins - logins).toBe(1)
    expect(tokens.requests.length - requests).toBe(1)

    const fresh = await tokens.allow()
    await renew(room, { file, fresh, store, other: { relay: relay(fresh) } })
    for (const { id } of sent) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
    expect(room.told('worker-started')).toHaveLength(1)
    expectNoSecrets(room, tokens, fresh)
  },
)

test('a worker that stops while its refresh token is being replaced leaves the new one to the next', async () => {
  await using tokens = await startTokenServer()
  await using server = await startSmtpServer({ checkToken: tokens.isGood })
  const refreshToken = await tokens.allow()
  const client = { clientId: 'of-owner', clientSecret: CLIENT_SECRET, tokenUrl: tokens.tokenUrl }
  const login = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true }
  const relay = {
    port: server.port,
    auth: { ...login, grant: 'refresh-token', ...client, refreshToken },
  }
  const [answer, store] = [Promise.withResolvers<void>(), embeddedPlace()]
  tokens.beforeAnswer = () => answer.promise
  await using room = await openRoom(store, relay, { verifyAtStart: false })
  await using seen = await openPlace(store)
  const fleet = openRegistry(seen)
  const { id } = await room.send()
  await expect.poll(() => tokens.requests).toHaveLength(1)
  const stopping = room.worker.stop(0, 0)
  // It has ended all but what it must not.
  await expect.poll(() => fleet.list()).toMatchObject({ workers: [] })
  answer.resolve()
  await stopping

  await tokens.revokeAll()
  await using next = await openRoom(store, relay)
  expect(await next.settled(id)).toMatchObject({ state: 'delivered' })
  const used = tokens.requests.map((request) => request.refreshToken)
  expect(used).toEqual([refreshToken, expect.any(String)])
  expect(tokens.given).toContain(used[1])
})

interface Change {
  readonly file: string
  readonly fresh: string
  readonly store: TestStore
  /** The connection managers with it. */
  readonly other: Readonly<Record<string, unknown>>
}

/** Nothing that was told holds a secret, a token or a mailbox. */
function expectNoSecrets(room: Room, { given }: TokenServer, ...more: readonly string[]): void {
  const told = JSON.stringify(room.events)
  for (const secret of [CLIENT_SECRET, MAILBOX, ...given, ...more])
    expect(told).not.toContain(secret)
}
