import { expect, test } from 'vitest'

import type { Envelope } from '../../src/smtp/envelope.ts'
import { createCertificate } from '../support/certificate.ts'
import { startScriptedServer, STEP_BY_STEP } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { sessionWith } from '../support/test-session.ts'

const ENVELOPE: Envelope = { from: 'ann@example.org', to: ['bob@example.com'] }
const BODY = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const SIZE = `SIZE=${BODY.length}`
const allow = () => Promise.resolve(true)

const WAYS: readonly (readonly [way: string, ehlo: string])[] = [
  ['pipelined', '250-scripted\n250-PIPELINING\n250-DSN\n250 SIZE 100000'],
  ['step by step', '250-scripted\n250-DSN\n250 SIZE 100000'],
]

test.for(WAYS)('a message tells which reports it wants, %s', async ([, EHLO]) => {
  await using server = await startScriptedServer({ EHLO })
  using session = await sessionWith(server)
  const dsn = {
    notify: ['success', 'delay'],
    return: 'headers',
    envelopeId: 'order 4711+a=b',
  } as const
  const to = ['bob+news@example.com', '"bob smith"@example.com']
  expect(
    await session.deliver({ ...ENVELOPE, to, dsn }, BODY, { beforeDot: allow }),
  ).not.toHaveProperty('unasked')
  expect(server.commands.slice(1)).toEqual([
    `MAIL FROM:<ann@example.org> ${SIZE} RET=HDRS ENVID=order+204711+2Ba+3Db`,
    'RCPT TO:<bob+news@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob+2Bnews@example.com',
    'RCPT TO:<"bob smith"@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;"bob+20smith"@example.com',
    'DATA',
  ])
})

test('a recipient beyond ASCII is named to reports as RFC 6533 writes it', async () => {
  const EHLO = '250-scripted\n250-SMTPUTF8\n250-8BITMIME\n250 DSN'
  await using server = await startScriptedServer({ EHLO })
  using session = await sessionWith(server)
  const envelope: Envelope = { ...ENVELOPE, to: ['бob+a@example.com'], dsn: { notify: 'never' } }
  await session.deliver(envelope, BODY, { beforeDot: allow })
  expect(server.commands[1]).toBe('MAIL FROM:<ann@example.org> SMTPUTF8')
  expect(server.commands[2]).toMatch(
    /NOTIFY=NEVER ORCPT=utf-8;\\x\{431\}ob\\x\{2B\}a@example\.com$/,
  )
})

test('a server that offers no DSN gets the message and no parameters it does not know', async () => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  const envelope: Envelope = { ...ENVELOPE, dsn: { notify: ['failure'], return: 'full' } }
  expect(await session.deliver(envelope, BODY, { beforeDot: allow })).toMatchObject({
    kind: 'accepted',
    unasked: ['DSN'],
  })
  expect(server.commands.slice(1)).toEqual([
    `MAIL FROM:<ann@example.org> ${SIZE}`,
    'RCPT TO:<bob@example.com>',
    'DATA',
  ])
})

test.for([{}, { EHLO: STEP_BY_STEP }])(
  'a message that must have its reports is not offered without DSN (%#)',
  async (script) => {
    await using server = await startScriptedServer(script)
    using session = await sessionWith(server)
    const envelope: Envelope = { ...ENVELOPE, dsn: { notify: ['failure'], required: true } }
    expect(await session.deliver(envelope, BODY, { beforeDot: allow })).toMatchObject({
      kind: 'rejected',
      fault: { kind: 'unsupported', stage: 'mail', lacks: 'dsn' },
    })
    expect(server.commands).toHaveLength(1)
  },
)

const authority = createCertificate({ hosts: ['Test authority'], isAuthority: true })
const certificate = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })
const TLS = { tls: 'starttls', tlsOptions: { ca: authority.cert } } as const
const PLAIN_FIRST = '250-scripted\n250 STARTTLS'

test('a message that requires TLS says so where the server knows it, under verified TLS', async () => {
  const script = { EHLO: [PLAIN_FIRST, '250-scripted\n250 REQUIRETLS'] }
  await using server = await startScriptedServer(script, certificate)
  using session = await sessionWith(server, TLS)
  expect(
    await session.deliver({ ...ENVELOPE, requireTls: true }, BODY, { beforeDot: allow }),
  ).toMatchObject({ kind: 'accepted' })
  expect(server.commands).toContain('MAIL FROM:<ann@example.org> REQUIRETLS')
})

test.for(['starttls', 'implicit'] as const)(
  'a real server that offers REQUIRETLS takes such a message by %s',
  async (mode) => {
    const offersRequireTls = true
    await using server = await startSmtpServer({ tls: { mode, certificate }, offersRequireTls })
    using session = await sessionWith(server, { ...TLS, tls: mode })
    const envelope = { ...ENVELOPE, requireTls: true }
    expect(await session.deliver(envelope, BODY, { beforeDot: allow })).toMatchObject({
      kind: 'accepted',
    })
    expect(server.mails).toMatchObject([{ secure: true, parameters: { REQUIRETLS: true } }])
  },
)

test.for<[what: string, after: string, properties: Parameters<typeof sessionWith>[1]]>([
  ['under TLS to a server that does not offer REQUIRETLS', '250 scripted', TLS],
  [
    'under TLS to somebody who has not proved to be the server',
    '250-scripted\n250 REQUIRETLS',
    { tls: 'opportunistic' },
  ],
  ['without TLS, whatever the server offers', '250 scripted', { tls: 'none' }],
])('a message that requires TLS is not offered %s', async ([, after, properties]) => {
  const first = properties?.tls === 'none' ? '250-scripted\n250 REQUIRETLS' : PLAIN_FIRST
  await using server = await startScriptedServer({ EHLO: [first, after] }, certificate)
  using session = await sessionWith(server, properties)
  expect(
    await session.deliver({ ...ENVELOPE, requireTls: true }, BODY, { beforeDot: allow }),
  ).toMatchObject({
    kind: 'rejected',
    fault: { kind: 'unsupported', stage: 'mail', lacks: 'requiretls' },
  })
  expect(server.commands.filter((line) => /^(?:MAIL|DATA)/.test(line))).toEqual([])
  expect(server.bodies).toBe('')
})

test('where only one recipient needs SMTPUTF8 the ending tells who', async () => {
  await using server = await startScriptedServer({ EHLO: '250 scripted' })
  using session = await sessionWith(server)
  const to = ['bob@example.com', 'боб@example.com']
  expect(await session.deliver({ ...ENVELOPE, to }, BODY, { beforeDot: allow })).toMatchObject({
    kind: 'rejected',
    places: [1],
    fault: { lacks: 'smtputf8' },
  })
  expect(
    await session.deliver({ from: 'анна@example.org', to }, BODY, { beforeDot: allow }),
  ).not.toHaveProperty('places')
})

test('a server whose limit is zero takes messages of any size', async () => {
  await using server = await startScriptedServer({ EHLO: '250-scripted\n250 SIZE 0' })
  using session = await sessionWith(server)
  expect(await session.deliver(ENVELOPE, BODY, { beforeDot: allow })).toMatchObject({
    kind: 'accepted',
  })
  expect(server.commands[1]).toBe(`MAIL FROM:<ann@example.org> ${SIZE}`)
})
