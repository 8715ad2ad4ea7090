import { createTransport, type SendMailOptions } from 'nodemailer'
import { expect, inject, test } from 'vitest'

import { mailroomTransport } from '../../src/index.ts'
import { freePort } from '../support/free-port.ts'
import { uniqueSchema } from '../support/postgres-schema.ts'
import { uniquePrefix } from '../support/redis.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer, type TestSmtpServer } from '../support/smtp-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from '../worker/mail-room.ts'
import { CORPUS } from './mail-corpus.ts'

/** With these nothing is left to chance: two builds of one mail have the same bytes. */
const FIXED = { date: new Date(1_800_000_000_000), baseBoundary: 'fixed' }
const USUAL = { from: 'Ann <ann@example.com>', to: ['Bob <bob@example.org>', 'eve@example.net'] }

function configOf(store: TestStore, server: TestSmtpServer) {
  const relay = { server: '127.0.0.1', port: server.port, tls: 'none' } as const
  return { ...store, connections: { relay, other: relay } }
}

function embedded(): TestStore {
  return { queue: inject('embedded'), prefix: uniquePrefix(), schema: uniqueSchema() }
}

async function openQueueOf(store: TestStore, server: TestSmtpServer): Promise<Room> {
  const { relay, other } = configOf(store, server).connections
  return openRoom(store, relay, { others: { other } })
}

describeStores('mail from nodemailer', (place) => {
  test('what arrives is what nodemailer itself would have sent, byte for byte', async () => {
    const at = place()
    await using direct = await startSmtpServer()
    await using queued = await startSmtpServer()
    await using room = await openQueueOf(at, queued)
    const theirs = createTransport({ host: '127.0.0.1', port: direct.port, pool: true })
    const ours = createTransport(
      mailroomTransport({ connection: 'relay', ...configOf(at, queued) }),
    )

    for (const [name, mail] of Object.entries(CORPUS)) {
      const messageId = `<${name.replaceAll(/\W/g, '-')}@example.com>`
      const fixed: SendMailOptions = { ...USUAL, ...FIXED, messageId, ...mail }
      await theirs.sendMail(fixed)
      const info = await ours.sendMail(fixed)
      expect(await room.settled(info.id), `of ${name}`).toMatchObject({ state: 'delivered' })
      const expected = direct.mails.at(-1)
      const arrived = queued.mails.at(-1)
      expect(textOf(arrived), `of ${name}`).toBe(textOf(expected))
      expect([arrived?.from, arrived?.to], `of ${name}`).toEqual([expected?.from, expected?.to])
    }
    expect(queued.mails).toHaveLength(Object.keys(CORPUS).length)
    theirs.close()
    ours.close()
  })

  test('the same mail under one key is one mail, however often nodemailer builds it', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openQueueOf(at, server)
    const ours = createTransport(
      mailroomTransport({ connection: 'relay', mailroom: room.mailroom }),
    )
    const mail = {
      ...USUAL,
      text: 'Your bill',
      html: `<img src="data:image/png;base64,aGVsbG8=">`,
      attachDataUrls: true,
      mailroom: { idempotencyKey: 'bill 4711' },
    }
    const first = await ours.sendMail(mail)
    const again = await ours.sendMail({ ...mail, date: new Date(0) })
    expect([first.isNew, again.isNew]).toEqual([true, false])
    expect([again.id, again.messageId]).toEqual([first.id, first.messageId])
    await expect(ours.sendMail({ ...mail, text: 'Another bill' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    })
    await room.settled(first.id)
    expect(server.mails.map((arrived) => textOf(arrived))).toEqual([
      expect.stringContaining(`Message-ID: ${first.messageId}\r\n`),
    ])
    // Who lends a mailroom closes it.
    ours.close()
    expect(await room.mailroom.get(first.id)).toMatchObject({ messageId: first.messageId })
  })

  test('a mail may name another connection manager, and say when and how urgently', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openQueueOf(at, server)
    const ours = createTransport(
      mailroomTransport({ connection: 'relay', mailroom: room.mailroom }),
    )
    const mailroom = { connection: 'other', delay: '1h', priority: 'high' }
    const mail = { ...USUAL, text: 'x', mailroom }
    const { id, accepted, response } = await ours.sendMail(mail)
    expect({ accepted, response }).toEqual({
      accepted: ['bob@example.org', 'eve@example.net'],
      response: `queued as ${id}`,
    })
    expect(await room.mailroom.get(id)).toMatchObject({ connection: 'other', state: 'queued' })
    expect(await room.mailroom.status('other')).toMatchObject({ delayed: 1 })
  })
})

const OFFERS = '250-scripted\n250 DSN'
const REQUIRES_TLS = { requireTLSExtensionEnabled: true }

test.for<[what: string, more: object, mail: string, rcpt: string]>([
  [
    'as its examples have it',
    { dsn: { id: 'bill 7', return: 'headers', notify: ['failure', 'delay'] } },
    ' RET=HDRS ENVID=bill+207',
    ' NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob@example.org',
  ],
  [
    'in the words of the protocol',
    { dsn: { envid: 'b7', ret: 'FULL', notify: 'SUCCESS, delay' } },
    ' RET=FULL ENVID=b7',
    ' NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@example.org',
  ],
  ['never', { dsn: { id: 'b', notify: 'never' } }, ' ENVID=b', ' NOTIFY=NEVER ORCPT=rfc822;bob@'],
])('reports that nodemailer is asked for %s are asked of the server', async (row) => {
  const [, more, mail, rcpt] = row
  await using server = await startScriptedServer({ EHLO: OFFERS })
  await using room = await openRoom(embedded(), { port: server.port })
  const ours = createTransport(mailroomTransport({ connection: 'relay', mailroom: room.mailroom }))
  const { id } = await ours.sendMail({ ...USUAL, to: 'bob@example.org', text: 'x', ...more })
  expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  expect(server.commands[1]).toBe(`MAIL FROM:<ann@example.com>${mail}`)
  expect(server.commands[2]).toContain(`RCPT TO:<bob@example.org>${rcpt}`)
  const secret = await ours.sendMail({ ...USUAL, text: 'x', ...REQUIRES_TLS })
  expect(await room.settled(secret.id)).toMatchObject({
    state: 'refused',
    last: { rule: 'stage.mail.unsupported.requiretls' },
  })
})

test.for<[SendMailOptions & { mailroom?: object }, string]>([
  [{ dsn: { notify: 'success', recipient: 'bob@example.org' } }, 'UNSUPPORTED_MAIL_OPTION'],
  [{ dsn: { notify: 'success,sometimes' } }, 'INVALID_JOB'],
  [{ dsn: { ret: 'half' } }, 'INVALID_JOB'],
  [{ dsn: { id: 'x'.repeat(101) } }, 'INVALID_JOB'],
  [{ auth: { user: 'somebody', pass: 'secret' } }, 'UNSUPPORTED_MAIL_OPTION'],
  [{ to: [] }, 'INVALID_JOB'],
  [{ mailroom: { conection: 'relay' } }, 'INVALID_JOB'],
  [{ mailroom: { connection: 'nobody' } }, 'UNKNOWN_CONNECTION'],
  [{}, 'STORE_UNREACHABLE'],
])('a mail with %j fails with %s, and without a secret', async ([more, code]) => {
  const queue = `redis://127.0.0.1:${await freePort()}`
  const connections = { relay: { server: '127.0.0.1', tls: 'none' } } as const
  const ours = createTransport(mailroomTransport({ connection: 'relay', queue, connections }))
  const mail: SendMailOptions = { ...USUAL, text: 'x', ...more }
  const fault: unknown = await ours.sendMail(mail).catch((error: unknown) => error)
  expect(fault).toMatchObject({ code })
  expect(String(fault)).not.toContain('secret')
  ours.close()
})

test('a transport is ready when the store of its queue answers', async () => {
  const connections = { relay: { server: '127.0.0.1', tls: 'none' } } as const
  const queue = `redis://127.0.0.1:${await freePort()}`
  const away = createTransport(mailroomTransport({ connection: 'relay', queue, connections }))
  await expect(away.verify()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' })
  away.close()
})

/** As it arrived, but for the names that nodemailer makes up at random. */
function textOf(mail: TestSmtpServer['mails'][number] | undefined): string | undefined {
  return mail?.body.toString('latin1').replaceAll(/[\da-f]{20}@localhost/g, 'random@localhost')
}
