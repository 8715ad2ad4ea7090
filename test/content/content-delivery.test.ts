import { randomBytes } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import type { ContentStore } from '../../src/content/content.ts'
import { openContent } from '../../src/content/open.ts'
import { refOf, type ContentRef } from '../../src/job/content-ref.ts'
import { openQueues } from '../../src/queue/open.ts'
import type { Queues } from '../../src/queue/queues.ts'
import { openStore } from '../../src/store/open.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from '../worker/mail-room.ts'
import { bytesOf } from './conformance.ts'

describeStores('content beside the queue', (place) => {
  test('arrives whole, is small in the job, and is gone with the last message', async () => {
    const at = place()
    await using directory = await temporaryDirectory()
    await using server = await startSmtpServer()
    await using room = await openRoom(
      { ...at, attachments: { roots: [directory.path] } } as TestStore,
      { port: server.port },
      { starts: false },
    )
    await using back = await openBackDoor(at)
    const bytes = randomBytes(1_500_000)
    const path = join(directory.path, 'report.bin')
    await writeFile(path, bytes)
    const image = randomBytes(100_000)
    const attachments = [{ path }, { content: image, cid: 'logo', filename: 'logo.png' }]
    const html = '<img src="cid:logo">'
    const receipts = [
      await room.send({ attachments, html }),
      await room.send({ attachments, html }),
    ]
    for (const { id } of receipts) {
      expect(JSON.stringify(await back.queues.read('relay', id)).length).toBeLessThan(2_000)
    }
    await writeFile(path, 'changed afterwards')
    await room.worker.start()
    for (const { id } of receipts) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    }
    expect(server.mails).toHaveLength(2)
    for (const { body, parameters } of server.mails) {
      expect(parameters).toMatchObject({ SIZE: String(body.length) })
      const parsed = await PostalMime.parse(body)
      const files = parsed.attachments.map(({ content }) => Buffer.from(content as ArrayBuffer))
      expect(files.map((file) => refOf(file))).toEqual([refOf(image), refOf(bytes)])
      expect(parsed.text?.trim()).toBe('It works.')
      expect(
        Math.max(
          ...body
            .toString('latin1')
            .split('\r\n')
            .map((line) => line.length),
        ),
      ).toBe(76)
    }
    await expect.poll(() => back.has(refOf(bytes))).toBe(false)
    await expect.poll(() => back.has(refOf(image))).toBe(false)
  })

  test('is a raw message of any size, byte for byte', async () => {
    const at = place()
    await using directory = await temporaryDirectory()
    await using server = await startSmtpServer()
    await using room = await openRoom(
      { ...at, attachments: { roots: [directory.path] } } as TestStore,
      { port: server.port, redirectAll: 'staging@example.net' },
    )
    await using back = await openBackDoor(at)
    const raw = `Subject: large\r\n\r\n${'.a dot first, and Grüße\r\n'.repeat(100_000)}.`
    const path = join(directory.path, 'large.eml')
    await writeFile(path, raw.replaceAll('\r\n', '\n'))
    const envelope = { from: 'a@example.com', to: 'ann@example.org' }
    const mails = [
      { connection: 'relay', raw: { path, lineEnds: 'crlf' as const }, envelope },
      { connection: 'relay', raw, envelope },
    ]
    for (const mail of mails) {
      const { id } = await room.mailroom.send(mail)
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    }
    for (const { body, parameters } of server.mails) {
      expect(
        body.equals(Buffer.from(`X-Mailroom-Original-To: ann@example.org\r\n${raw}\r\n`)),
      ).toBe(true)
      expect(parameters).toMatchObject({ BODY: '8BITMIME' })
    }
    expect(server.mails).toHaveLength(2)
    await expect.poll(() => back.has(refOf(Buffer.from(raw)))).toBe(false)
  })

  test('is a message in a message as it is, with its lines ended', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    const inner = `Subject: inner\n\n${'one line of it\n'.repeat(10_000)}`
    const odd = `${inner}Grüße\n`
    const attachments = [
      { content: inner, contentType: 'message/rfc822' },
      { content: odd, contentType: 'message/rfc822' },
    ]
    const { id } = await room.send({ attachments })
    await room.settled(id)
    const body = server.mails[0]?.body.toString('latin1') ?? ''
    expect(body).toContain(inner.replaceAll('\n', '\r\n'))
    expect(body.match(/^Content-Type: (?!multipart|text).*/gm)).toEqual([
      'Content-Type: message/rfc822',
      'Content-Type: application/octet-stream',
    ])
  })

  test.for(['missing', 'damaged'] as const)(
    'that is %s refuses the message before the server hears of it, and alarms',
    async (why) => {
      const at = place()
      await using directory = await temporaryDirectory()
      const content = { store: `directory:${directory.path}` }
      await using server = await startSmtpServer()
      const config = { ...at, content } as TestStore
      await using room = await openRoom(config, { port: server.port }, { starts: false })
      const bytes = randomBytes(100_000)
      const { id } = await room.send({ attachments: [{ content: bytes }] })
      const { sha256 } = refOf(bytes)
      const file = join(directory.path, 'contents', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
      if (why === 'missing') await rename(file, join(directory.path, 'elsewhere'))
      else await writeFile(file, randomBytes(100_000))
      await room.worker.start()
      expect(await room.settled(id)).toMatchObject({
        state: 'refused',
        attempts: 0,
        last: { rule: `local.content-${why}` },
      })
      expect(room.told('content-lost')).toMatchObject([{ id, why, sha256 }])
      expect(server.mails).toEqual([])
      // Whoever sends it again brings it back, for this message as well.
      const again = await room.send({ attachments: [{ content: bytes }] })
      expect(await room.settled(again.id)).toMatchObject({ state: 'delivered' })
      await room.mailroom.retry(id)
      await expect.poll(() => server.mails.length).toBe(2)
    },
  )

  test('whose place is away costs no attempt, and the message goes when it is back', async () => {
    const at = place()
    await using directory = await temporaryDirectory()
    const [volume, away] = [join(directory.path, 'volume'), join(directory.path, 'away')]
    await mkdir(volume)
    const content = { store: `directory:${volume}` }
    await using server = await startSmtpServer()
    const config = { ...at, content } as TestStore
    await using room = await openRoom(config, { port: server.port }, { starts: false })
    const { id } = await room.send({ attachments: [{ content: randomBytes(100_000) }] })
    await rename(volume, away)
    await room.worker.start()
    await expect
      .poll(() => room.told('store-error').map(({ code }) => code))
      .toContain('CONTENT_UNREACHABLE')
    await rename(away, volume)
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
  })

  test('of a refused message is kept for a person, and of a cancelled one is not', async () => {
    const at = place()
    await using server = await startSmtpServer({
      refuseRecipient: () => ({ code: 550, text: '5.1.1 No such user' }),
    })
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using back = await openBackDoor(at)
    const [kept, gone] = [randomBytes(70_000), randomBytes(70_000)]
    const { id } = await room.send({ attachments: [{ content: kept }] })
    const cancelled = await room.send({ attachments: [{ content: gone }] })
    await room.mailroom.cancel(cancelled.id)
    expect(await back.has(refOf(gone))).toBe(false)
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({ state: 'refused' })
    expect(await back.has(refOf(kept))).toBe(true)
  })

  test('of a message that was not accepted is let go, and no other', async () => {
    const at = place()
    const limits = { queueDepth: 2 }
    await using room = await openRoom(
      { ...at, limits } as TestStore,
      { port: 2525 },
      { starts: false },
    )
    await using back = await openBackDoor(at)
    const [first, other] = [randomBytes(70_000), randomBytes(70_000)]
    const options = { idempotencyKey: 'k' }
    await room.send({ attachments: [{ content: first }] }, options)
    expect(await room.send({ attachments: [{ content: first }] }, options)).toMatchObject({
      isNew: false,
    })
    const attachments = [{ content: first }, { content: other }]
    await expect(room.send({ attachments }, options)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    })
    expect(await back.has(refOf(other))).toBe(false)
    await room.send()
    await expect(room.send({ attachments })).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    expect(await back.has(refOf(other))).toBe(false)
    expect(await back.has(refOf(first))).toBe(true)
  })
})

async function openBackDoor({ queue, ...at }: TestStore) {
  const store = await openStore(queue, { ...at, patience: 'wait' })
  const queues: Queues & AsyncDisposable = await openQueues(store)
  const content: ContentStore = openContent(store)
  return {
    queues,
    has: async (ref: ContentRef) =>
      (await bytesOf(content, ref).catch(() => undefined)) !== undefined,
    [Symbol.asyncDispose]: async () => {
      await queues[Symbol.asyncDispose]()
      await store.close()
    },
  }
}
