import { Redis } from 'ioredis'
import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { ContentMissingError } from '../../src/content/errors.ts'
import { openContent } from '../../src/content/open.ts'
import { joinBodies } from '../../src/job/bodies.ts'
import { refOf } from '../../src/job/content-ref.ts'
import { jobIdOfKey } from '../../src/job/job-id.ts'
import type { Mailroom, SendMail } from '../../src/index.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { startRedis } from '../support/redis-server.ts'
import { describeOwnRedis, describeRedis, uniquePrefix } from '../support/redis.ts'
import type { TestStore } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { mail, mailroomOn, openBackDoor } from './mailroom-on.ts'

const PAGE = `<p>Grüße aus Köln, 你好</p>\n${Array.from({ length: 700 }, (_, row) => `<p>Row ${row * 7919}</p>`).join('\n')}`
const REF = refOf(joinBodies({ text: 'Hello', html: PAGE }))
const PATIENT = { timeout: 30_000 }
const PICTURE = Buffer.alloc(70_000, 'picture')
const PICTURE_REF = refOf(PICTURE)
/** Room for the picture, or for the page, but not for both. */
const TIGHT = PICTURE.byteLength + 1_000

/** Everybody gets the same, but for the subject. */
function merge(count: number): SendMail[] {
  return Array.from({ length: count }, (_, at) => withPage(mail(`item ${at}`)))
}

function withPage(sent: SendMail, html = PAGE): SendMail {
  return { ...sent, message: { ...sent.message, html } } as SendMail
}

function withPicture(sent: SendMail, content = PICTURE): SendMail {
  const attachments = [{ filename: 'picture.bin', content }]
  return { ...sent, message: { ...sent.message, attachments } } as SendMail
}

/** The page is known then, and gone. */
async function sendAndCancel(mailroom: Mailroom): Promise<void> {
  const receipts = []
  for (const each of merge(3)) receipts.push(await mailroom.send(each))
  for (const { id } of receipts) await mailroom.cancel(id)
}

describeRedis('the same text and HTML for many', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test('waits once, arrives whole, and goes with the last of them', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await room.mailroom.sendMany(merge(12))
    const jobs = await jobsOf(at)
    expect(jobs).toHaveLength(12)
    // The first one is packed: nobody knew then that others would come.
    expect(jobs.filter((job) => job.includes('"bodies"'))).toHaveLength(11)
    expect(await isKept(at)).toBe(true)
    await room.worker.start()
    await expect.poll(() => server.mails.length, PATIENT).toBe(12)
    for (const { body } of server.mails) {
      const { html, text } = await PostalMime.parse(body)
      expect([html, text].map((said) => said?.replaceAll('\r\n', '\n').trim())).toEqual([
        PAGE,
        'Hello',
      ])
    }
    await expect.poll(() => isKept(at), PATIENT).toBe(false)
  })

  test('is let go by those who are cancelled', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    const receipts = [
      await mailroom.send(withPage(mail('one'))),
      await mailroom.send(withPage(mail('two'))),
      await mailroom.send(withPage(mail('three'))),
    ]
    expect(await isKept(at)).toBe(true)
    for (const { id } of receipts) await mailroom.cancel(id)
    expect(await isKept(at)).toBe(false)
  })

  test('is the same message under its key, wherever its bodies are', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    const keyed = withPage(mail('one', { idempotencyKey: 'one' }))
    const first = await mailroom.send(keyed)
    const again = await mailroom.send(keyed)
    expect(again).toEqual({ ...first, isNew: false })
    const [job = '', ...others] = await jobsOf(at)
    expect(others).toEqual([])
    expect(job).not.toContain('"bodies"')
    await expect(mailroom.send(withPage(keyed, `${PAGE}!`))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    })
  })

  test('waits in each job where there is no place beside the queue', async () => {
    const at = place()
    await using mailroom = mailroomOn(at, { content: { totalBytes: 1_000 } })
    await mailroom.sendMany(merge(4))
    const jobs = await jobsOf(at)
    expect(jobs.filter((job) => job.includes('"zstd"') || job.includes('"deflate"'))).toHaveLength(
      4,
    )
    expect(await isKept(at)).toBe(false)
  })

  test('waits in each job when it is gone and others have taken its place', async () => {
    const at = place()
    await using mailroom = mailroomOn(at, { content: { totalBytes: TIGHT } })
    await sendAndCancel(mailroom)
    await mailroom.send(withPicture(mail('large')))
    await expect(mailroom.sendMany(merge(4))).resolves.toMatchObject({ accepted: 4 })
    expect((await jobsOf(at)).filter((job) => job.includes('"bodies"'))).toEqual([])
  })

  test('waits in those jobs alone that found no place for it any more', async () => {
    const at = place()
    await using mailroom = mailroomOn(at, { content: { totalBytes: TIGHT } })
    await using back = await openBackDoor(at)
    const first = withPage(mail('one', { idempotencyKey: 'one' }))
    await mailroom.send(withPage(mail('before')))
    async function* mails() {
      yield first
      // Somebody takes it away before the job is written that it is kept for.
      await openContent(back.store).release(jobIdOfKey('one'))
      await mailroom.send(withPicture(mail('large')))
      yield* merge(3)
    }
    await expect(mailroom.sendMany(mails())).resolves.toMatchObject({ accepted: 4 })
    const jobs = await jobsOf(at)
    expect(jobs).toHaveLength(6)
    expect(jobs.filter((job) => job.includes('"bodies"'))).toHaveLength(1)
  })

  test('leaves no file behind when there is no place for it', async () => {
    const at = place()
    await using mailroom = mailroomOn(at, { content: { totalBytes: TIGHT } })
    const receipts = [
      await mailroom.send(withPicture(withPage(mail('one')))),
      await mailroom.send(withPicture(withPage(mail('two')))),
    ]
    expect(await isKept(at, PICTURE_REF)).toBe(true)
    for (const { id } of receipts) await mailroom.cancel(id)
    expect(await isKept(at, PICTURE_REF)).toBe(false)
  })

  test('makes room for a file of the message', async () => {
    const at = place()
    await using mailroom = mailroomOn(at, { content: { totalBytes: TIGHT } })
    await mailroom.send(withPage(mail('one')))
    await mailroom.send(withPicture(withPage(mail('two'))))
    expect(await isKept(at, PICTURE_REF)).toBe(true)
    expect(await isKept(at)).toBe(false)
  })

  test('is let go when a file of the message has no place', async () => {
    const at = place()
    await using mailroom = mailroomOn(at, { content: { totalBytes: TIGHT } })
    await mailroom.send(withPage(mail('one')))
    const huge = withPicture(withPage(mail('two')), Buffer.alloc(TIGHT + 1, 'x'))
    await expect(mailroom.send(huge)).rejects.toMatchObject({ code: 'CONTENT_STORE_FULL' })
    expect(await isKept(at)).toBe(false)
  })
})

// What a server is told can only be seen on one's own.
describeOwnRedis('the same text and HTML for many, on its way to Redis', () => {
  test('is uploaded once by those who come after it is gone', async () => {
    await using redis = await startRedis()
    const at = { queue: redis.url, prefix: uniquePrefix(), schema: 'unused' }
    await using mailroom = mailroomOn(at)
    await sendAndCancel(mailroom)
    await using uploads = await watchUploads(at)
    await mailroom.sendMany(merge(12))
    expect(await uploads.count()).toBe(1)
    expect((await jobsOf(at)).filter((job) => job.includes('"bodies"'))).toHaveLength(12)
  })

  test('is uploaded once by those who send at the same time', async () => {
    await using redis = await startRedis()
    const at = { queue: redis.url, prefix: uniquePrefix(), schema: 'unused' }
    await using mailroom = mailroomOn(at)
    await using uploads = await watchUploads(at)
    await Promise.all(merge(12).map((each) => mailroom.send(each)))
    expect(await uploads.count()).toBe(1)
    expect((await jobsOf(at)).filter((job) => job.includes('"bodies"'))).toHaveLength(11)
  })
})

async function jobsOf(at: TestStore): Promise<readonly string[]> {
  await using back = await openBackDoor(at)
  const jobs = await back.queues.page('relay', 'waiting', 0, 100)
  return jobs.map(({ data }) => JSON.stringify(data))
}

/** Whether the page, or something else, lies beside the queue. */
async function isKept(at: TestStore, ref = REF): Promise<boolean> {
  await using back = await openBackDoor(at)
  const first = openContent(back.store).open(ref)[Symbol.asyncIterator]()
  try {
    return (await first.next()).done === false
  } catch (error) {
    if (error instanceof ContentMissingError) return false
    throw error
  }
}

interface Uploads extends AsyncDisposable {
  /** How often the page was written so far. */
  count(): Promise<number>
}

/** Sees what Redis is told. */
async function watchUploads({ queue, prefix }: TestStore): Promise<Uploads> {
  const client = new Redis(queue)
  const monitor = await client.monitor()
  const said: string[] = []
  monitor.on('monitor', (_time: string, [name = '', text = '']: readonly string[]) => {
    said.push(`${name.toLowerCase()} ${text}`)
  })
  return {
    count: async () => {
      await client.echo(prefix)
      await expect.poll(() => said.includes(`echo ${prefix}`), PATIENT).toBe(true)
      return said.filter(
        (one) => one.startsWith('set ') && one.includes(prefix) && one.includes(REF.sha256),
      ).length
    },
    [Symbol.asyncDispose]: async () => {
      monitor.disconnect()
      await client.quit()
    },
  }
}
