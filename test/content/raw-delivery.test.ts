import { expect, test } from 'vitest'

import type { SendMail } from '../../src/index.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

/** Odd but lawful: signed, folded, dots at line starts, 8-bit text, no line break at its end. */
const SIGNED = [
  'DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=x;',
  '\th=from:to; bh=abc=; b=def=',
  'from:   Ann   <ann@example.com>',
  'TO: undisclosed-recipients:;',
  'Message-ID: <own@example.com>',
  'Content-Type: text/plain; charset=utf-8',
  '',
  '.',
  '..two dots  ',
  'Grüße',
  'the end',
].join('\r\n')
const ENVELOPE = { from: 'bounces@example.com', to: 'bob@example.org' }

describeStores('a raw message', (place) => {
  test('arrives byte for byte, and its record has its own Message-ID', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.mailroom.send(rawMail(SIGNED))
    expect(await room.settled(id)).toMatchObject({
      state: 'delivered',
      messageId: '<own@example.com>',
    })
    const [mail] = server.mails
    // The line break that ends the last line is SMTP's (RFC 5321 §4.1.1.4).
    expect(mail?.body.toString()).toBe(`${SIGNED}\r\n`)
    expect(mail).toMatchObject({
      from: 'bounces@example.com',
      to: ['bob@example.org'],
      parameters: { BODY: '8BITMIME' },
    })
  })

  test('gets its sender from the connection manager, unless it has one', async () => {
    await using server = await startSmtpServer()
    const at = place()
    await using room = await openRoom(at, { port: server.port, from: 'relay@example.com' })
    const { id } = await room.mailroom.send({
      connection: 'relay',
      raw: SIGNED,
      envelope: { to: ['ann@example.org', 'bob@example.org'] },
    })
    await room.settled(id)
    expect(server.mails).toMatchObject([
      { from: 'relay@example.com', to: ['ann@example.org', 'bob@example.org'] },
    ])
    await using without = await openRoom(place(), { port: server.port }, { starts: false })
    await expect(
      without.mailroom.send(rawMail(SIGNED, { to: 'a@b.example' })),
    ).rejects.toMatchObject({ code: 'INVALID_JOB', issues: [{ path: 'envelope.from' }] })
  })

  test('that is redirected says in one more field for whom it was, and is else the same', async () => {
    await using server = await startSmtpServer()
    const redirectAll = 'staging@example.net'
    await using room = await openRoom(place(), { port: server.port, redirectAll })
    const { id } = await room.mailroom.send(rawMail(SIGNED))
    await room.settled(id)
    expect(server.mails).toMatchObject([{ to: ['staging@example.net'] }])
    expect(server.mails[0]?.body.toString()).toBe(
      `X-Mailroom-Original-To: bob@example.org\r\n${SIGNED}\r\n`,
    )
  })

  test('with 8-bit text is refused where the server cannot carry it', async () => {
    await using server = await startSmtpServer({ hides: ['8BITMIME'] })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.mailroom.send(rawMail(SIGNED))
    expect(await room.settled(id)).toMatchObject({ state: 'refused', last: { stage: 'mail' } })
    expect(server.mails).toEqual([])
  })
})

function rawMail(
  raw: string,
  envelope: { readonly from?: string; readonly to: string } = ENVELOPE,
) {
  return { connection: 'relay', raw, envelope } satisfies SendMail
}
