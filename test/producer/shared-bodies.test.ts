import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { ContentMissingError } from '../../src/content/errors.ts'
import { openContent } from '../../src/content/open.ts'
import { joinBodies } from '../../src/job/bodies.ts'
import { refOf } from '../../src/job/content-ref.ts'
import type { SendMail } from '../../src/index.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import type { TestStore } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { mail, mailroomOn, openBackDoor } from './mailroom-on.ts'

const PAGE = `<p>Grüße aus Köln, 你好</p>\n${Array.from({ length: 700 }, (_, row) => `<p>Row ${row * 7919}</p>`).join('\n')}`
const REF = refOf(joinBodies({ text: 'Hello', html: PAGE }))
const PATIENT = { timeout: 30_000 }

/** Everybody gets the same, but for the subject. */
function merge(count: number): SendMail[] {
  return Array.from({ length: count }, (_, at) => withPage(mail(`item ${at}`)))
}

function withPage(sent: SendMail, html = PAGE): SendMail {
  return { ...sent, message: { ...sent.message, html } } as SendMail
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
})

async function jobsOf(at: TestStore): Promise<readonly string[]> {
  await using back = await openBackDoor(at)
  const jobs = await back.queues.page('relay', 'waiting', 0, 100)
  return jobs.map(({ data }) => JSON.stringify(data))
}

/** Whether the page lies beside the queue. */
async function isKept(at: TestStore): Promise<boolean> {
  await using back = await openBackDoor(at)
  const first = openContent(back.store).open(REF)[Symbol.asyncIterator]()
  try {
    return (await first.next()).done === false
  } catch (error) {
    if (error instanceof ContentMissingError) return false
    throw error
  }
}
