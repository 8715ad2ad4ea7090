import { expect, test } from 'vitest'

import { describeStores } from '../support/stores.ts'
import { mail, mailroomOn, openBackDoor } from './mailroom-on.ts'

describeStores('the depth of a queue', (place) => {
  test('is not exceeded by calls that run at once', async () => {
    await using mailroom = mailroomOn(place(), { limits: { queueDepth: 10 } })
    const answers = await Promise.allSettled(
      Array.from({ length: 60 }, (_, n) => mailroom.send(mail(`item ${n}`))),
    )
    const refused = answers.flatMap((answer) =>
      answer.status === 'rejected' ? [answer.reason as unknown] : [],
    )
    expect(refused).toHaveLength(50)
    for (const error of refused) expect(error).toMatchObject({ code: 'QUEUE_FULL', depth: 10 })
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 10 })
  })

  test('counts delayed messages, those of other producers and each name by itself', async () => {
    const at = place()
    await using mailroom = mailroomOn(at, { limits: { queueDepth: 3 } })
    await using other = mailroomOn(at)
    await other.sendMany([mail('a'), mail('b', { delay: '1h' }), mail('c', {}, 'other')])
    await mailroom.send(mail('d'))
    await expect(mailroom.send(mail('e'))).rejects.toMatchObject({ code: 'QUEUE_FULL', depth: 3 })
    await mailroom.send(mail('f', {}, 'other'))
  })

  test('grows only by what became a job', async () => {
    await using mailroom = mailroomOn(place(), { limits: { queueDepth: 3 } })
    const same = mail('same', { idempotencyKey: 'k' })
    for (let count = 0; count < 3; count += 1) await mailroom.send(same)
    for (let count = 0; count < 3; count += 1) {
      const conflict = mail('other content', { idempotencyKey: 'k' })
      await expect(mailroom.send(conflict)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    }
    expect(await mailroom.sendMany([same, same, same, mail('a'), same, mail('b')])).toEqual({
      accepted: 6,
      known: 4,
      refused: 0,
    })
    await expect(mailroom.send(mail('c'))).rejects.toMatchObject({ code: 'QUEUE_FULL', depth: 3 })
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 3 })
  })

  test('is asked again, so that a queue which was emptied takes messages', async () => {
    const at = place()
    await using mailroom = mailroomOn(at, { limits: { queueDepth: 1 } })
    const { id } = await mailroom.send(mail('a'))
    await expect(mailroom.send(mail('b'))).rejects.toMatchObject({ code: 'QUEUE_FULL' })
    await using back = await openBackDoor(at)
    await back.queues.remove('relay', id)
    await expect.poll(() => mailroom.send(mail('b')).catch(() => undefined)).toBeDefined()
  })
})
