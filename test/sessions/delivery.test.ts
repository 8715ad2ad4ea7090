import { expect, test } from 'vitest'

import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import type { SmtpServerOptions } from '../support/smtp-server.ts'
import { sessionWith } from '../support/test-session.ts'

const ENVELOPE = { from: 'ann@example.org', to: ['bob@example.com'] }
const BODY = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const allow = () => Promise.resolve(true)

test('one session carries many messages', async () => {
  await using server = await startSmtpServer()
  using session = await sessionWith(server)
  for (let index = 0; index < 20; index++) {
    const body = Buffer.from(`Subject: ${index}\r\n\r\n`)
    expect(await session.deliver(ENVELOPE, body, { beforeDot: allow })).toMatchObject({
      kind: 'accepted',
    })
  }
  expect(session.messages).toBe(20)
  expect(server.connections).toBe(1)
  expect(server.mails.map(({ body }) => body.toString())).toEqual(
    Array.from({ length: 20 }, (_, index) => `Subject: ${index}\r\n\r\n`),
  )
})

test('a message tells its size, its 8-bit text and its letters beyond ASCII', async () => {
  await using server = await startSmtpServer()
  using session = await sessionWith(server)
  const body = Buffer.from('Subject: Grüße\r\n\r\nПривет\r\n')
  const envelope = { from: 'ann@example.org', to: ['почта@example.com'] }
  await session.deliver(envelope, body, { beforeDot: allow })
  await session.deliver(ENVELOPE, BODY, { beforeDot: allow })
  expect(server.mails).toMatchObject([
    {
      to: ['почта@example.com'],
      parameters: { SIZE: String(body.length), BODY: '8BITMIME', SMTPUTF8: true },
    },
    { parameters: { SIZE: String(BODY.length) } },
  ])
  expect(server.mails[0]?.body.equals(body)).toBe(true)
  expect(server.mails[1]?.parameters).not.toHaveProperty('BODY')
})

test.for<[what: string, server: SmtpServerOptions, body: Buffer, to: string, detail: string]>([
  ['is larger than the server takes', { maxBytes: 1000 }, Buffer.alloc(1001, 'a'), 'bob', 'SIZE'],
  ['has letters beyond ASCII in an address', { hides: ['SMTPUTF8'] }, BODY, 'боб', 'SMTPUTF8'],
  ['has 8-bit text', { hides: ['8BITMIME'] }, Buffer.from('Grüße\r\n'), 'bob', '8BITMIME'],
])('a message that %s is not offered to a server that lacks it', async (row) => {
  const [, options, body, to, detail] = row
  await using server = await startSmtpServer(options)
  using session = await sessionWith(server)
  const envelope = { from: 'ann@example.org', to: [`${to}@example.com`] }
  expect(await session.deliver(envelope, body, { beforeDot: allow })).toMatchObject({
    kind: 'rejected',
    fault: { kind: 'unsupported', stage: 'mail', detail: expect.stringContaining(detail) },
  })
  expect(session.isUsable).toBe(true)
  expect(await session.deliver(ENVELOPE, BODY, { beforeDot: allow })).toMatchObject({
    kind: 'accepted',
  })
})

test.for<[name: string, envelope: typeof ENVELOPE]>([
  ['a line break', { from: 'ann@example.org', to: ['bob@example.com>\r\nDATA\r\n'] }],
  ['a parameter', { from: 'ann@example.org> SIZE=1 <', to: ['bob@example.com'] }],
  ['nobody to go to', { from: 'ann@example.org', to: [] }],
])('an envelope with %s is not sent', async ([, envelope]) => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  expect(await session.deliver(envelope, BODY, { beforeDot: allow })).toMatchObject({
    kind: 'rejected',
    fault: { kind: 'unsupported', stage: 'mail' },
  })
  expect(server.commands).toHaveLength(1)
})

test('a quoted local part is sent as it is', async () => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  const envelope = { from: 'ann@example.org', to: ['"bob smith"@example.com'] }
  await session.deliver(envelope, BODY, { beforeDot: allow })
  expect(server.commands).toContain('RCPT TO:<"bob smith"@example.com>')
})

test('a session that the server ends while unused is unusable without a word from us', async () => {
  await using server = await startScriptedServer()
  using closed = await sessionWith(server)
  server.closeAll()
  await expect.poll(() => closed.isUsable).toBe(false)

  using warned = await sessionWith(server)
  server.say('421 4.4.2 idle for too long')
  await expect.poll(() => warned.isUsable).toBe(false)
  expect(await warned.deliver(ENVELOPE, BODY, { beforeDot: allow })).toMatchObject({
    kind: 'broken',
    dotSent: false,
    fault: { kind: 'closed', stage: 'mail' },
  })
  expect(server.commands.every((line) => line.startsWith('EHLO'))).toBe(true)
})

test('a session says QUIT and waits until the server has closed', async () => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  await session.quit()
  expect(server.commands.at(-1)).toBe('QUIT')
  expect(session.isUsable).toBe(false)
  await expect.poll(() => server.open).toBe(0)
})

test('a server that never answers QUIT is waited for a second at most', async () => {
  await using server = await startScriptedServer({ QUIT: { after: 'silence' } })
  using session = await sessionWith(server)
  await session.quit()
  await expect.poll(() => server.open).toBe(0)
})
