import { expect, test } from 'vitest'

import { createCertificate } from '../support/certificate.ts'
import { startManInTheMiddle } from '../support/man-in-the-middle.ts'
import type { ManInTheMiddle, Tricks } from '../support/man-in-the-middle.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { embeddedPlace } from '../support/stores.ts'
import {
  answerTo,
  asServer,
  asStartTlsServer,
  hideAuth,
  hideStartTls,
  leaveOnly,
  sayBehindStartTls,
} from '../support/tricks.ts'
import { openRoom } from '../worker/mail-room.ts'

const SECRET = 'correct horse'
const USER = 'app'
const authority = createCertificate({ hosts: ['Test authority'], isAuthority: true })
const trusted = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })
const stranger = createCertificate({ hosts: ['127.0.0.1'] })
const namesake = createCertificate({ hosts: ['mail.example.org'], issuer: authority })

/** What somebody on the way does, the TLS mode, the mechanism demanded, and what the operator reads. */
type Row = readonly [
  trick: string,
  tls: 'starttls' | 'implicit' | 'none',
  mechanism: string | undefined,
  reads: RegExp,
  tricks: Tricks,
]

const ROWS: readonly Row[] = [
  [
    'takes STARTTLS out and refuses it',
    'starttls',
    undefined,
    /does not offer STARTTLS/,
    { rewrite: hideStartTls, answer: answerTo('STARTTLS', '502 5.5.1 what?\r\n') },
  ],
  [
    'answers STARTTLS that there is no TLS now',
    'starttls',
    undefined,
    /454/,
    { answer: answerTo('STARTTLS', '454 4.7.0 TLS not available\r\n') },
  ],
  [
    'agrees to STARTTLS and goes on without it',
    'starttls',
    undefined,
    /TLS/,
    { answer: answerTo('STARTTLS', '220 go on\r\n250-hello\r\n250 AUTH PLAIN\r\n235 welcome\r\n') },
  ],
  ...(['starttls', 'implicit'] as const).flatMap((tls): readonly Row[] => {
    const as = tls === 'starttls' ? asStartTlsServer : asServer
    return [
      ['shows a certificate of its own', tls, undefined, /self-signed/, as(stranger)],
      ['shows the certificate of another server', tls, undefined, /for another name/, as(namesake)],
      [
        'is trusted and takes AUTH out',
        tls,
        undefined,
        /offers no AUTH/,
        as(trusted, { rewrite: hideAuth }),
      ],
      [
        'is trusted and leaves PLAIN alone',
        tls,
        'CRAM-MD5',
        /AUTH PLAIN LOGIN, none of CRAM-MD5/,
        as(trusted, { rewrite: leaveOnly('PLAIN LOGIN') }),
      ],
      [
        'is trusted and says yes to any SCRAM',
        tls,
        'SCRAM-SHA-256',
        /did not prove/,
        as(trusted, {
          rewrite: (said) => said.replace('CRAM-MD5', 'CRAM-MD5 SCRAM-SHA-256'),
          answer: answerTo('AUTH', '235 2.7.0 welcome\r\n'),
        }),
      ],
    ]
  }),
  ['has no TLS', 'implicit', undefined, /does not speak TLS/, { answer: () => '220 hello\r\n' }],
  ['takes AUTH out', 'none', undefined, /offers no AUTH/, { rewrite: hideAuth }],
  [
    'leaves PLAIN alone',
    'none',
    'CRAM-MD5',
    /none of CRAM-MD5/,
    { rewrite: leaveOnly('PLAIN LOGIN') },
  ],
]

test('whoever stands on the way gets neither password nor mail, and the operator reads why', async () => {
  await using plain = await startSmtpServer({ users: { [USER]: SECRET }, mechanisms: OFFER })
  const tls = { mode: 'starttls', certificate: trusted } as const
  await using secure = await startSmtpServer({ users: { [USER]: SECRET }, mechanisms: OFFER, tls })
  await using stack = new AsyncDisposableStack()
  const men = await Promise.all(
    ROWS.map(async ([trick, mode, mechanism, , tricks]) => {
      const isPlain = mode !== 'starttls' || tricks.tls !== undefined
      const man = stack.use(await startManInTheMiddle((isPlain ? plain : secure).port, tricks))
      return [`${trick} (${mode})`, man, relayOf(man.port, mode, mechanism)] as const
    }),
  )
  const others = Object.fromEntries(men.map(([name, , relay]) => [name, relay]))
  await using room = await openRoom(embeddedPlace(), { port: plain.port }, { others })
  for (const [connection] of men) await room.mailroom.send({ connection, message: MESSAGE })

  const reasons = () =>
    Object.fromEntries(room.told('parked').map(({ connection, reason }) => [connection, reason]))
  for (const [index, [name, man]] of men.entries()) {
    await expect.poll(() => reasons()[name], { message: name }).toMatch(ROWS[index]?.[3] ?? /^$/)
    await expect.poll(() => room.mailroom.status(name)).toMatchObject({ waiting: 1, dead: 0 })
    expect({ name, met: man.connections > 0, got: spoils(man) }).toEqual({
      name,
      met: true,
      got: [],
    })
  }
  expect([plain.mails, secure.mails]).toEqual([[], []])
  expect([plain.logins, secure.logins]).toEqual([0, 0])
  expect(JSON.stringify(room.events)).not.toMatch(/horse|Dear Ann|@example/)
})

test('what somebody on the way says before TLS is forgotten', async () => {
  const tls = { mode: 'starttls', certificate: trusted } as const
  await using server = await startSmtpServer({ users: { [USER]: SECRET }, mechanisms: OFFER, tls })
  await using stack = new AsyncDisposableStack()
  const men = await Promise.all(
    Object.entries(EARLY_WORDS).map(async ([trick, rewrite]) => {
      const man = stack.use(await startManInTheMiddle(server.port, { rewrite }))
      return [trick, man, relayOf(man.port, 'starttls', undefined)] as const
    }),
  )
  const others = Object.fromEntries(men.map(([name, , relay]) => [name, relay]))
  await using room = await openRoom(embeddedPlace(), { port: server.port }, { others })
  for (const [connection, man] of men) {
    const { id } = await room.mailroom.send({ connection, message: MESSAGE })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(spoils(man)).toEqual([])
    expect(man.heard.split('\r\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^EHLO/),
      'STARTTLS',
    ])
  }
  expect(server.mails).toMatchObject(men.map(() => ({ secure: true, user: USER })))
})

test('whoever has a certificate that is trusted does hear a password that is sent', async () => {
  await using server = await startSmtpServer({ users: { [USER]: SECRET } })
  await using man = await startManInTheMiddle(server.port, asStartTlsServer(trusted))
  const relay = relayOf(man.port, 'starttls', 'PLAIN')
  await using room = await openRoom(embeddedPlace(), relay)
  const { id } = await room.send(MESSAGE)
  expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  expect(spoils(man)).toEqual(SECRETS.slice(2))
})

const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', subject: 'Hi', text: 'Dear Ann' }

/** What somebody on the way puts in while it can, and hopes to be taken for the server's. */
const EARLY_WORDS: Readonly<Record<string, NonNullable<Tricks['rewrite']>>> = {
  'no STARTTLS on offer': hideStartTls,
  'an offer behind the answer to STARTTLS': sayBehindStartTls('250-hello\r\n250 AUTH PLAIN\r\n'),
  'the beginning of a line behind the answer to STARTTLS': sayBehindStartTls('250-X-AUTH PLAIN'),
  'mechanisms before TLS': (said) => said.replace('250-PIPELINING', '250-AUTH PLAIN\r\n$&'),
}

const OFFER = ['CRAM-MD5', 'PLAIN', 'LOGIN']

/** Nothing of this is for anybody on the way. */
const SECRETS = [
  SECRET,
  ...[SECRET, `\0${USER}\0${SECRET}`].map((text) => Buffer.from(text).toString('base64')),
  'MAIL FROM',
  'RCPT TO',
  'example.com',
  'Dear Ann',
]

/** What of it somebody on the way could read. */
function spoils({ heard }: ManInTheMiddle): readonly string[] {
  return SECRETS.filter((secret) => heard.includes(secret))
}

function relayOf(port: number, tls: string, mechanism: string | undefined) {
  return {
    server: '127.0.0.1',
    port,
    tls,
    tlsOptions: { ca: authority.cert },
    auth: {
      method: 'basic',
      user: USER,
      password: SECRET,
      ...(mechanism && { mechanism }),
      allowInsecureAuth: tls === 'none',
    },
  }
}
