import { expect, test } from 'vitest'

import { SERVICE_ACCOUNT } from '../support/oauth/service-account.ts'
import { CLIENT_SECRET, MAILBOX, SCOPE, startTokenServer } from '../support/oauth/token-server.ts'
import type { TokenServer } from '../support/oauth/token-server.ts'
import { describeDovecot } from '../support/servers/describe-servers.ts'
import { startDovecot } from '../support/servers/dovecot.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import type { Room } from '../worker/mail-room.ts'

const MECHANISMS = ['XOAUTH2', 'OAUTHBEARER'] as const

/** Each way to get tokens, of which none uses up what another has. */
const GRANTS: Readonly<Record<string, (tokens: TokenServer) => Promise<object>>> = {
  'client-credentials': () =>
    Promise.resolve({ clientId: 'app', clientSecret: CLIENT_SECRET, scope: SCOPE }),
  'refresh-token': async ({ allow }) => {
    const refreshToken = await allow()
    return { clientId: 'of-owner', clientSecret: CLIENT_SECRET, refreshToken }
  },
  'service-account': () => Promise.resolve({ key: JSON.stringify(SERVICE_ACCOUNT) }),
}

/** The provider of tokens, a Dovecot that asks it about each of them, and where that sends mail. */
async function openSite() {
  await using opened = new AsyncDisposableStack()
  const tokens = opened.use(await startTokenServer())
  const relay = opened.use(await startSmtpServer())
  const { introspectionUrl, tokenUrl } = tokens
  const place = { relayPort: relay.port, introspectionUrl, mechanisms: MECHANISMS }
  const dovecot = opened.use(await startDovecot(place))
  const held = opened.move()
  return {
    tokens,
    relay,
    dovecot,
    /** A connection manager of which each message needs a login of its own. */
    manager: (auth: object) => ({
      server: '127.0.0.1',
      port: dovecot.port,
      tls: 'starttls',
      tlsOptions: { ca: dovecot.certificate.cert },
      auth: { method: 'oauth2', user: MAILBOX, ...auth },
      limits: { sessions: 1, messagesPerSession: 1 },
    }),
    tokenUrl,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

function send(room: Room, connection: string) {
  const message = { from: MAILBOX, to: 'ann@example.org', subject: connection, text: 'Hello' }
  return room.mailroom.send({ connection, message })
}

await describeDovecot('mail by OAuth 2.0', () => {
  test('is delivered by each grant and mechanism to a server that asks the provider about the token', async () => {
    await using site = await openSite()
    const { tokens, relay, dovecot, tokenUrl, manager } = site
    const others: Record<string, object> = {}
    for (const [grant, ownOf] of Object.entries(GRANTS)) {
      for (const mechanism of MECHANISMS) {
        // The other one is what is taken where both are on offer.
        const demanded = mechanism === 'OAUTHBEARER' ? { mechanism } : {}
        const auth = { grant, ...demanded, tokenUrl, ...(await ownOf(tokens)) }
        others[`${grant} by ${mechanism}`] = manager(auth)
      }
    }
    const names = Object.keys(others)
    await using room = await openRoom(embeddedPlace(), { port: relay.port }, { others })
    const deliver = async (): Promise<void> => {
      const sent = await Promise.all(names.map((name) => send(room, name)))
      for (const { id } of sent) {
        expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
      }
    }
    await deliver()
    expect(tokens.requests).toHaveLength(names.length)
    await tokens.revokeAll()
    await deliver()
    expect(tokens.requests).toHaveLength(names.length * 2)
    expect(relay.mails).toHaveLength(names.length * 2)
    const logins = [...(await dovecot.log()).matchAll(/Login: user=<(.*?)>, method=(\w+)/g)]
    expect(new Set(logins.map(([, user, how]) => `${user} by ${how}`))).toEqual(
      new Set(MECHANISMS.map((mechanism) => `app by ${mechanism}`)),
    )
  })

  test('waits after one login with a token that the server does not take', async () => {
    await using site = await openSite()
    const { tokens, relay, dovecot, tokenUrl, manager } = site
    const others: Record<string, object> = {}
    for (const mechanism of MECHANISMS) {
      const made = { grant: 'callback', getToken: () => ({ accessToken: 'made-up-token' }) }
      const own = await GRANTS['service-account']?.(tokens)
      const other = { grant: 'service-account', user: 'other@example.com', tokenUrl, ...own }
      others[`a token that nobody gave by ${mechanism}`] = manager({ ...made, mechanism })
      others[`a token of another mailbox by ${mechanism}`] = manager({ ...other, mechanism })
    }
    const names = Object.keys(others)
    await using room = await openRoom(embeddedPlace(), { port: relay.port }, { others })
    await Promise.all([...names, ...names].map((name) => send(room, name)))
    const parked = () => room.told('parked').map(({ code, problem }) => `${code} ${problem}`)
    await expect.poll(parked).toEqual(names.map(() => '535 auth.token-refused'))
    for (const name of names) {
      await expect.poll(() => room.mailroom.status(name)).toMatchObject({ waiting: 2, dead: 0 })
    }
    // Of the other mailbox a token for each mechanism: each was new, and none is asked for again.
    expect(tokens.requests).toHaveLength(MECHANISMS.length)
    const failed = async () => [
      ...(await dovecot.log()).matchAll(/\(auth failed, 1 attempts.*?user=<(.*?)>, method=(\w+)/g),
    ]
    await expect
      .poll(async () => (await failed()).map(([, user, how]) => `${user} by ${how}`).toSorted())
      .toEqual(
        ['app', 'other'].flatMap((user) => MECHANISMS.map((how) => `${user} by ${how}`)).toSorted(),
      )
    expect(relay.mails).toEqual([])
    expect(JSON.stringify(room.events)).not.toMatch(/made-up|other@/)
  })
})
