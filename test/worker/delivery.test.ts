import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeAllStores } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'

describeAllStores('delivery', (place) => {
  test('a message arrives as it was handed in, and its record says so', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send({
      from: 'Zoë Ångström <zoe@example.com>',
      to: '"Иванов, Пётр" <ivanov@example.org>',
      subject: '发票 №7',
      text: 'Grüße\n.\nend',
      html: '<p>Grüße</p>',
    })
    const record = await room.settled(id)

    expect(record).toMatchObject({
      state: 'delivered',
      attempts: 1,
      recipients: [{ address: 'ivanov@example.org', state: 'delivered', code: 250 }],
    })
    expect(server.mails).toHaveLength(1)
    const [mail] = server.mails
    expect(mail).toMatchObject({ from: 'zoe@example.com', to: ['ivanov@example.org'] })
    const parsed = await PostalMime.parse(mail?.body ?? '')
    expect(parsed.subject).toBe('发票 №7')
    expect(parsed.from).toMatchObject({ name: 'Zoë Ångström', address: 'zoe@example.com' })
    expect(parsed.to).toMatchObject([{ name: 'Иванов, Пётр', address: 'ivanov@example.org' }])
    expect(parsed.text?.trim()).toBe('Grüße\n.\nend')
    expect(parsed.html?.trim()).toBe('<p>Grüße</p>')
    expect(parsed.messageId).toBe(record.messageId)
    await expect
      .poll(() => room.told('delivered'))
      .toMatchObject([{ id, recipients: 1, attempt: 1, code: 250 }])
  })

  test('sessions are reused, and never more are open than the manager allows', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port, limits: { sessions: 2 } })
    const receipts = await Promise.all(Array.from({ length: 40 }, () => room.send()))
    for (const { id } of receipts)
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails).toHaveLength(40)
    expect(server.connections).toBeLessThanOrEqual(2)
  })

  test('the same idempotency key twice is one mail, and with other content a conflict', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    const first = await room.send({}, { idempotencyKey: 'order-1' })
    const again = await room.send({}, { idempotencyKey: 'order-1' })
    expect(again).toEqual({ ...first, isNew: false })
    await expect(room.send({ text: 'other' }, { idempotencyKey: 'order-1' })).rejects.toMatchObject(
      {
        code: 'IDEMPOTENCY_CONFLICT',
        id: first.id,
      },
    )
    await room.settled(first.id)
    expect(await room.send({}, { idempotencyKey: 'order-1' })).toMatchObject({ isNew: false })
    const last = await room.send()
    await room.settled(last.id)
    expect(server.mails).toHaveLength(2)
  })

  test('each recipient has an outcome, and only deferred ones are tried again', async () => {
    let isBusy = true
    await using server = await startSmtpServer({
      refuseRecipient: (address) => {
        if (address.startsWith('nobody')) return { code: 550, text: '5.1.1 No such user' }
        if (!address.startsWith('busy') || !isBusy) return undefined
        isBusy = false
        return { code: 450, text: '4.2.0 Mailbox is locked' }
      },
    })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send({ to: 'ann@example.org, nobody@example.org, busy@example.org' })
    await expect.poll(() => room.told('deferred')).toMatchObject([{ id, pending: 1, attempt: 1 }])
    const record = await room.settled(id)

    expect(record).toMatchObject({ state: 'refused', attempts: 2 })
    expect(record.recipients).toMatchObject([
      { address: 'ann@example.org', state: 'delivered' },
      { address: 'nobody@example.org', state: 'refused', code: 550, status: '5.1.1' },
      { address: 'busy@example.org', state: 'delivered' },
    ])
    expect(server.mails.map(({ to }) => to)).toEqual([['ann@example.org'], ['busy@example.org']])
  })

  test('more recipients than a transaction takes go in several', async () => {
    await using server = await startSmtpServer()
    const limits = { recipientsPerTransaction: 2 }
    await using room = await openRoom(place(), { port: server.port, limits })
    const to = Array.from({ length: 5 }, (_, at) => `r${at}@example.org`)
    const { id } = await room.send({ to })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(server.mails.map((mail) => mail.to)).toEqual([
      to.slice(0, 2),
      to.slice(2, 4),
      to.slice(4),
    ])
    await expect.poll(() => room.told('delivered')).toMatchObject([{ recipients: 5 }])
  })

  test('in staging every mail goes to one address, its recipients kept in a header', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port, redirectAll: 'qa@example.net' })
    const { id } = await room.send({ to: 'ann@example.org', bcc: 'bob@example.org' })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails).toMatchObject([{ to: ['qa@example.net'] }])
    const headers = (await PostalMime.parse(server.mails[0]?.body ?? '')).headers
    const original = headers.find(({ key }) => key === 'x-mailroom-original-to')
    expect(original?.value).toContain('ann@example.org')
    expect(original?.value).toContain('bob@example.org')
  })

  test("a message without author gets the manager's, and a Message-ID of its domain", async () => {
    await using server = await startSmtpServer()
    const from = 'App <app@relay.example>'
    await using room = await openRoom(place(), { port: server.port, from })
    const message = { to: 'ann@example.org', text: 'x' }
    const { id, messageId } = await room.mailroom.send({ connection: 'relay', message })
    expect(messageId).toMatch(/@relay\.example>$/)
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', messageId })
    const [mail] = server.mails
    expect(mail).toMatchObject({ from: 'app@relay.example' })
    const parsed = await PostalMime.parse(mail?.body ?? '')
    expect(parsed).toMatchObject({ from: { name: 'App' }, messageId })
  })

  test('a redirected message is one mail, however many recipients it has', async () => {
    await using server = await startSmtpServer()
    const limits = { recipientsPerTransaction: 1 }
    const redirectAll = 'qa@example.net'
    await using room = await openRoom(place(), { port: server.port, redirectAll, limits })
    const { id } = await room.send({ to: ['a@example.org', 'b@example.org', 'c@example.org'] })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(server.mails).toMatchObject([{ to: ['qa@example.net'] }])
  })

  test('a refusal is told with its own reply, not with the one to the others', async () => {
    await using server = await startSmtpServer({
      refuseRecipient: (address) =>
        address.startsWith('bad') ? { code: 550, text: '5.1.1 nobody' } : undefined,
    })
    const limits = { recipientsPerTransaction: 1 }
    await using room = await openRoom(place(), { port: server.port, limits })
    const { id } = await room.send({ to: ['bad@example.org', 'good@example.org'] })
    expect(await room.settled(id)).toMatchObject({ state: 'refused', last: { code: 550 } })
    await expect.poll(() => room.told('refused')).toMatchObject([{ refused: 1, code: 550 }])
    await expect.poll(() => room.told('delivered')).toMatchObject([{ recipients: 1 }])
  })

  test('what was delivered before the server hung up is told', async () => {
    await using server = await startScriptedServer({
      GREETING: ['220 hi', '421 4.3.2 not now', '220 hi again'],
      MAIL: ['250 ok', { say: '', after: 'close' }, '250 ok'],
    })
    const limits = { recipientsPerTransaction: 1, sessions: 1 }
    await using room = await openRoom(place(), { port: server.port, limits })
    const { id } = await room.send({ to: ['a@example.org', 'b@example.org'] })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect
      .poll(() => room.told('delivered'))
      .toMatchObject([{ recipients: 1 }, { recipients: 1 }])
    expect(server.dots).toBe(2)
  })

  test('what was delivered before the rest was cancelled is told', async () => {
    const second = Promise.withResolvers<void>()
    let replies = 0
    const beforeReply = (): Promise<void> => (replies++ === 0 ? Promise.resolve() : second.promise)
    await using server = await startSmtpServer({ beforeReply })
    const limits = { recipientsPerTransaction: 1 }
    await using room = await openRoom(place(), { port: server.port, limits })
    const { id } = await room.send({ to: ['a@example.org', 'b@example.org', 'c@example.org'] })
    await expect.poll(() => server.mails.length).toBe(2)
    expect(await room.mailroom.cancel(id)).toMatchObject({ kind: 'too-late', state: 'active' })
    second.resolve()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect.poll(() => room.told('delivered')).toMatchObject([{ recipients: 3 }])
  })

  test('a delayed message waits, and a cancelled one is never sent', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    const later = await room.send({}, { delay: '1h' })
    const soon = await room.send({ to: 'soon@example.org' }, { delay: 300 })
    expect(await room.mailroom.cancel(later.id)).toEqual({ kind: 'cancelled' })
    expect(await room.mailroom.cancel('m-unknown')).toEqual({ kind: 'unknown' })
    await room.settled(soon.id)
    expect(await room.mailroom.cancel(soon.id)).toEqual({ kind: 'too-late', state: 'delivered' })
    expect(await room.mailroom.get(later.id)).toMatchObject({ state: 'cancelled' })
    expect(server.mails).toMatchObject([{ to: ['soon@example.org'] }])
    expect(await room.mailroom.status('relay')).toMatchObject({ waiting: 0, delayed: 0, dead: 0 })
  })

  test('a message past its deadline expires unsent', async () => {
    await using server = await startSmtpServer({
      refuseMessage: () => ({ code: 451, text: '4.3.0 Not now' }),
    })
    await using room = await openRoom(place(), { port: server.port })
    const notAfter = new Date(Date.now() + 1_000)
    const { id } = await room.send({}, { notAfter })
    expect(await room.settled(id)).toMatchObject({ state: 'expired' })
    await expect.poll(() => room.told('expired')).toMatchObject([{ id, rule: 'local.not-after' }])
    expect(await room.mailroom.list({ state: 'expired' })).toMatchObject({ records: [{ id }] })
  })
})
