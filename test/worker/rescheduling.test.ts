import { describe, expect, test } from 'vitest'

import type { SendMail } from '../../src/index.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'

function mailOf(subject: string, options: SendMail['options']): SendMail {
  const message = { from: 'app@example.com', to: 'ann@example.org', subject }
  return { connection: 'relay', message, options }
}

function inAnHour(): Date {
  return new Date(Date.now() + 3_600_000)
}

describeServers('reschedule', (place) => {
  test('a message for later is sent now when its time is brought forward', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send({}, { delay: '1h' })
    expect(await room.mailroom.reschedule(id, { sendAt: new Date() })).toEqual({
      kind: 'rescheduled',
    })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    // Its Date is not the hour from now that was asked for first.
    const [, date = ''] = /^Date: (.*)$/m.exec(server.mails[0]?.body.toString() ?? '') ?? []
    expect(Date.parse(date)).toBeLessThanOrEqual(Date.now())
    const answer = await room.mailroom.reschedule(id, { sendAt: new Date() })
    expect(answer).toEqual({ kind: 'too-late', state: 'delivered' })
  })

  test('a message that waits is not sent before its new time', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port }, { starts: false })
    const { id } = await room.send()
    const sendAt = inAnHour()
    await room.mailroom.reschedule(id, { sendAt })
    await room.worker.start()
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ delayed: 1, waiting: 0 })
    expect(await room.mailroom.get(id)).toMatchObject({ state: 'queued', notBefore: sendAt })
    await room.mailroom.reschedule(id, { sendAt: new Date() })
    await room.settled(id)
    expect(server.mails).toHaveLength(1)
  })

  test('a message that waits to be tried again is tried at once', async () => {
    let isBusy = true
    await using server = await startSmtpServer({
      refuseRecipient: () => (isBusy ? { code: 450, text: '4.2.1 busy' } : undefined),
    })
    const retry = { firstDelayMs: 3_600_000, maxDelayMs: 3_600_000 }
    await using room = await openRoom(place(), { port: server.port }, { retry })
    const { id } = await room.send()
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ delayed: 1 })
    isBusy = false
    await room.mailroom.reschedule(id, { sendAt: new Date() })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 2 })
  })

  test('times that contradict each other are refused, and an unknown id is said to be one', async () => {
    await using room = await openRoom(place(), { port: 1 }, { starts: false })
    const notAfter = new Date(Date.now() + 1_800_000)
    const { id } = await room.send({}, { notAfter })
    const tooLate = room.mailroom.reschedule(id, { sendAt: inAnHour() })
    await expect(tooLate).rejects.toMatchObject({
      code: 'INVALID_JOB',
      issues: [{ path: 'sendAt', problem: expect.stringContaining('`notAfter`') }],
    })
    const inAYear = new Date(Date.now() + 365 * 86_400_000)
    await expect(room.mailroom.reschedule(id, { sendAt: inAYear })).rejects.toMatchObject({
      code: 'INVALID_JOB',
      issues: [{ path: 'sendAt', problem: expect.stringContaining('the retention') }],
    })
    await expect(room.mailroom.reschedule(id, { sendAt: 'tomorrow' })).rejects.toMatchObject({
      code: 'INVALID_JOB',
    })
    await expect(room.send({}, { sendAt: inAnHour(), notAfter })).rejects.toMatchObject({
      code: 'INVALID_JOB',
      issues: [{ path: 'options.notAfter' }],
    })
    const unknown = await room.mailroom.reschedule('m-none', { sendAt: new Date() })
    expect(unknown).toEqual({ kind: 'unknown' })
  })
})

describe('supersedes', () => {
  describeServers('on every store', (place) => {
    test('only the newest of the messages that wait is sent', async () => {
      await using server = await startSmtpServer()
      await using room = await openRoom(place(), { port: server.port }, { starts: false })
      const heard: string[] = []
      room.mailroom.on('superseded', ({ id }) => heard.push(id))
      const attachments = [{ filename: 'a.bin', content: Buffer.alloc(100_000) }]
      const codes = { supersedes: 'code of ann' }
      const first = await room.send({ subject: '1', attachments }, codes)
      const second = await room.send({ subject: '2' }, { ...codes, delay: '1h' })
      const third = await room.send({ subject: '3' }, codes)
      await room.send({ subject: 'another' }, { supersedes: 'code of bob' })
      expect(first).not.toHaveProperty('superseded')
      expect(second).toMatchObject({ superseded: first.id })
      expect(third).toMatchObject({ superseded: second.id })
      expect(await room.settled(first.id)).toMatchObject({ state: 'superseded' })
      await expect.poll(() => heard).toEqual([first.id, second.id])
      expect(await room.mailroom.status('relay')).toMatchObject({ waiting: 2, delayed: 0 })
      await room.worker.start()
      await room.settled(third.id)
      await expect.poll(() => server.mails).toHaveLength(2)
      const bodies = server.mails.map(({ body }) => body.toString()).join()
      expect(bodies).toContain('Subject: 3')
      expect(bodies).toContain('Subject: another')
    })

    test('a message that is sent again under its idempotency key supersedes no newer one', async () => {
      await using server = await startSmtpServer()
      await using room = await openRoom(place(), { port: server.port }, { starts: false })
      const keyed = (idempotencyKey: string) =>
        room.send({ subject: idempotencyKey }, { idempotencyKey, supersedes: 'code' })
      const first = await keyed('one')
      const second = await keyed('two')
      expect(await keyed('one')).toMatchObject({ id: first.id, isNew: false })
      await room.worker.start()
      expect(await room.settled(second.id)).toMatchObject({ state: 'delivered' })
      expect(server.mails).toHaveLength(1)
    })

    test('an older one that the server put off is not tried again', async () => {
      let isBusy = true
      await using server = await startSmtpServer({
        refuseRecipient: () => (isBusy ? { code: 450, text: '4.2.1 busy' } : undefined),
      })
      await using room = await openRoom(place(), { port: server.port })
      const first = await room.send({}, { supersedes: 'code' })
      await expect.poll(() => room.told('deferred').length).toBeGreaterThan(0)
      const second = await room.send({}, { supersedes: 'code' })
      isBusy = false
      expect(await room.settled(first.id)).toMatchObject({ state: 'superseded' })
      expect(await room.settled(second.id)).toMatchObject({ state: 'delivered' })
      expect(server.mails).toHaveLength(1)
      await expect.poll(() => room.told('delivered')).toMatchObject([{ id: second.id }])
    })

    test('what is behind a conflict in a batch supersedes nothing', async () => {
      await using room = await openRoom(place(), { port: 1 }, { starts: false })
      const first = await room.send({}, { supersedes: 'code' })
      await room.send({}, { idempotencyKey: 'taken' })
      const batch = [
        mailOf('other content', { idempotencyKey: 'taken' }),
        mailOf('newer', { supersedes: 'code' }),
      ]
      await expect(room.mailroom.sendMany(batch)).rejects.toMatchObject({ index: 0 })
      expect(await room.mailroom.get(first.id)).toMatchObject({ state: 'queued' })
      await room.mailroom.sendMany(batch.slice(1))
      expect(await room.mailroom.get(first.id)).toMatchObject({ state: 'superseded' })
    })
  })
})
