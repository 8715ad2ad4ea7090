import { afterAll, beforeAll, expect, test } from 'vitest'

import { openLogin } from '../../src/connections/login.ts'
import { createCertificate } from '../support/certificate.ts'
import { startManInTheMiddle } from '../support/man-in-the-middle.ts'
import type { ManInTheMiddle, Tricks } from '../support/man-in-the-middle.ts'
import { CLIENT_SECRET, MAILBOX } from '../support/oauth/token-server.ts'
import type { TokenServer } from '../support/oauth/token-server.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { describeSite } from '../support/servers/describe-kerberos.ts'
import { WINDOWS_ACCOUNT } from '../support/servers/dovecot.ts'
import { METHODS, openEveryMethod } from '../support/servers/every-method.ts'
import type { EveryMethod, Method } from '../support/servers/every-method.ts'
import { embeddedPlace } from '../support/stores.ts'
import {
  answerTo,
  asStartTlsServer,
  hideAuth,
  hideStartTls,
  leaveOnly,
  sayBehindStartTls,
} from '../support/tricks.ts'
import { openRoom } from '../worker/mail-room.ts'

const { user, password } = WINDOWS_ACCOUNT
const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', subject: 'Hi', text: 'Dear Ann' }
const authority = createCertificate({ hosts: ['Test authority'], isAuthority: true })
const trusted = createCertificate({ hosts: ['localhost'], issuer: authority })
const stranger = createCertificate({ hosts: ['localhost'] })
const namesake = createCertificate({ hosts: ['mail.example.org'], issuer: authority })

const ALL = Object.keys(METHODS) as readonly Method[]

/** What somebody on the way does, the TLS mode, and what the operator reads. */
type Row = readonly [
  trick: string,
  tls: 'starttls' | 'opportunistic',
  reads: RegExp,
  tricks: (method: Method) => Tricks,
]

const noStartTls = { rewrite: hideStartTls, answer: answerTo('STARTTLS', '502 5.5.1 what?\r\n') }
const fault = { answer: answerTo('STARTTLS', '454 4.7.0 TLS not available\r\n') }
const welcome = '220 go on\r\n250-hello\r\n250 AUTH NTLM XOAUTH2\r\n334 \r\n235 2.7.0 welcome\r\n'

const ROWS: readonly Row[] = [
  ['hides STARTTLS', 'starttls', /does not offer STARTTLS/, () => noStartTls],
  ['hides STARTTLS', 'opportunistic', /is not sent over a plain session/, () => noStartTls],
  ['has no TLS now', 'starttls', /454/, () => fault],
  ['has no TLS now', 'opportunistic', /is not sent over a plain session/, () => fault],
  [
    'agrees to STARTTLS and goes on without it',
    'starttls',
    /TLS/,
    () => ({ answer: answerTo('STARTTLS', welcome) }),
  ],
  ['signs for itself', 'starttls', /self-signed/, () => asStartTlsServer(stranger)],
  [
    'signs for itself',
    'opportunistic',
    /to a server whose certificate is not verified/,
    () => asStartTlsServer(stranger),
  ],
  ['is another server', 'starttls', /for another name/, () => asStartTlsServer(namesake)],
  [
    'is trusted and hides AUTH',
    'starttls',
    /offers no AUTH/,
    () => asStartTlsServer(trusted, { rewrite: hideAuth }),
  ],
  [
    'is trusted and leaves other mechanisms',
    'starttls',
    /offers AUTH .*, none of /,
    (method) => asStartTlsServer(trusted, { rewrite: leaveOnly(METHODS[method].others) }),
  ],
]

/** What is put in before TLS, and hoped to be taken for what comes over it. */
const EARLY_WORDS: readonly NonNullable<Tricks['rewrite']>[] = [
  sayBehindStartTls('250-hello\r\n250 AUTH PLAIN LOGIN\r\n'),
  sayBehindStartTls('250-X-AUTH PLAIN'),
]

await describeSite('whoever stands on the way', () => {
  let site: EveryMethod
  beforeAll(async () => {
    site = await openEveryMethod(trusted, authority.cert)
  })
  afterAll(() => site[Symbol.asyncDispose]())

  test('gets no ticket, no answer of NTLM and no token, and the operator reads why', async () => {
    await using stack = new AsyncDisposableStack()
    const rows = ALL.flatMap((method) => ROWS.map((row) => [method, row] as const))
    const men = await Promise.all(
      rows.map(async ([method, [trick, tls, reads, tricks]]) => {
        const man = stack.use(await startManInTheMiddle(site.dovecot.port, tricks(method)))
        return {
          name: `${method}: ${trick} (${tls})`,
          man,
          reads,
          relay: site.relay(method, man, tls),
        }
      }),
    )
    const others = Object.fromEntries(men.map(({ name, relay }) => [name, relay]))
    await using room = await openRoom(
      embeddedPlace(),
      { port: site.relayed.port },
      { others, circuit: ONE_LOGIN },
    )
    await Promise.all(
      men.map(({ name }) => room.mailroom.send({ connection: name, message: MESSAGE })),
    )
    const reasons = () =>
      Object.fromEntries(room.told('parked').map(({ connection, reason }) => [connection, reason]))
    for (const { name, man, reads, relay } of men) {
      await expect.poll(() => reasons()[name], { message: name }).toMatch(reads)
      await expect.poll(() => room.mailroom.status(name)).toMatchObject({ waiting: 1, dead: 0 })
      // Where TLS may be left out a session without it is tried as well.
      const most = relay.tls === 'opportunistic' ? 2 : 1
      expect({ name, met: [1, most].includes(man.connections) }).toEqual({ name, met: true })
      expect({ name, got: spoils(man, site.tokens) }).toEqual({ name, got: [] })
    }
    expect(site.tokens.requests).toEqual([])
    expect(site.relayed.mails).toEqual([])
    expect(await site.dovecot.log()).not.toMatch(/Login:|auth failed/)
    expect(JSON.stringify(room.events)).not.toMatch(/Secret|alice|Dear Ann|@example/)
  })

  test('is not believed what it says before TLS, and sees nothing of what comes over it', async () => {
    await using stack = new AsyncDisposableStack()
    const men = await Promise.all(
      ALL.flatMap((method) =>
        EARLY_WORDS.map(async (rewrite, index) => {
          const man = stack.use(await startManInTheMiddle(site.dovecot.port, { rewrite }))
          return { name: `${method} ${index}`, man, relay: site.relay(method, man, 'starttls') }
        }),
      ),
    )
    const others = Object.fromEntries(men.map(({ name, relay }) => [name, relay]))
    // This checker of NTLM confuses logins that happen at once: one after the other, with the mail.
    const options = { others, verifyAtStart: false }
    await using room = await openRoom(embeddedPlace(), { port: site.relayed.port }, options)
    for (const { name, man } of men) {
      const { id } = await room.mailroom.send({ connection: name, message: MESSAGE })
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
      expect({ name, got: spoils(man, site.tokens) }).toEqual({ name, got: [] })
      const [first, second, third = ''] = man.heard.split('\r\n')
      expect([first, second]).toEqual([expect.stringMatching(/^EHLO /), 'STARTTLS'])
      expect(third.charCodeAt(0)).toBe(HANDSHAKE)
    }
    expect(site.relayed.mails).toHaveLength(men.length)
  })

  test('does hear what is sent to it when its certificate is trusted', async () => {
    for (const [method, heard] of [
      ['kerberos', 'ticket'],
      ['ntlm', 'answer of NTLM'],
      ['xoauth2', 'token'],
      ['oauthbearer', 'token'],
    ] as const) {
      await using man = await startManInTheMiddle(site.dovecot.port, asStartTlsServer(trusted))
      const login = await openLogin(await managerFor(man, site.relay(method, man, 'starttls')))
      if (login.kind === 'open') login.socket.destroy()
      expect({ method, got: spoils(man, site.tokens) }).toEqual({
        method,
        got: expect.arrayContaining(['login', heard]),
      })
    }
  })
})

/** So long that a manager which cannot be used is not tried again. */
const ONE_LOGIN = { firstDelayMs: 60_000, maxDelayMs: 60_000, authDelayMs: 60_000 }

/** The first byte of TLS (RFC 8446 §5.1). */
const HANDSHAKE = 0x16

/** What a ticket begins with: by its name, Kerberos (RFC 4121 §4.1). */
const TICKET = '\x06\x09*\x86H\x86\xf7\x12\x01\x02\x02'
/** The third message of NTLM, by which a password can be guessed. */
const NTLM_ANSWER = 'NTLMSSP\0\x03'

/** What nobody on the way may read: any word of a login, of whatever kind, and of the mail. */
const SPOILS: Readonly<Record<string, string | RegExp>> = {
  login: /^AUTH/im,
  ticket: TICKET,
  'answer of NTLM': NTLM_ANSWER,
  bearer: 'auth=Bearer',
  password,
  'client secret': CLIENT_SECRET,
  account: user,
  mailbox: MAILBOX,
  mail: /MAIL FROM|RCPT TO|Dear Ann|example\.(?:com|org)/,
}

/** What of it somebody on the way could read, also in Base64. */
function spoils({ heard }: ManInTheMiddle, { given }: TokenServer): readonly string[] {
  const hidden = heard.match(/[A-Za-z0-9+/]{8,}={0,2}/g) ?? []
  const all = [heard, ...hidden.map((text) => Buffer.from(text, 'base64').toString('latin1'))]
  const holds = (one: string | RegExp): boolean =>
    all.some((text) => (typeof one === 'string' ? text.includes(one) : one.test(text)))
  return [
    ...Object.keys(SPOILS).filter((name) => holds(SPOILS[name] ?? '')),
    ...(given.some(holds) ? ['token'] : []),
  ]
}
