import { expect, test } from 'vitest'

import { startSmtpServer } from '../support/smtp-server.ts'
import { describeStores } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { mail, mailroomOn, openBackDoor } from './mailroom-on.ts'

describeStores('retry', (place) => {
  test('a refused message is delivered once its server takes it, under the same Message-ID', async () => {
    let takesMail = false
    await using server = await startSmtpServer({
      refuseRecipient: () => (takesMail ? undefined : { code: 550, text: '5.1.1 nobody' }),
    })
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send()
    const refused = await room.settled(id)
    expect(refused).toMatchObject({ state: 'refused', attempts: 1 })
    takesMail = true
    await expect.poll(() => room.mailroom.retry(id)).toEqual({ kind: 'retried' })
    const delivered = await room.settled(id)
    expect(delivered).toMatchObject({ state: 'delivered', messageId: refused.messageId })
    expect(server.mails).toHaveLength(1)
    expect(await room.mailroom.retry(id)).toEqual({ kind: 'not-held', state: 'delivered' })
  })

  test('one that waits, is not known or has lost its content is not retried', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    expect(await mailroom.retry('m-none')).toEqual({ kind: 'unknown' })
    const { id } = await mailroom.send(mail('waits'))
    expect(await mailroom.retry(id)).toEqual({ kind: 'not-held', state: 'queued' })
    await refuse(door, id)
    expect(await mailroom.retry(id)).toEqual({ kind: 'busy' })
    expect(await door.queues.remove('relay', id)).toBe(true)
    expect(await mailroom.retry(id)).toEqual({ kind: 'content-gone' })
    expect(await mailroom.get(id)).toMatchObject({ state: 'refused' })
  })

  test('what expired in a paused queue waits there again', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const { id } = await mailroom.send(mail('paused'))
    await door.queues.pause('relay')
    await refuse(door, id, 'expired')
    expect(await mailroom.retry(id)).toEqual({ kind: 'retried' })
    expect(await mailroom.get(id)).toMatchObject({ state: 'deferred' })
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 1, dead: 0, expired: 0 })
  })

  test('what may have arrived is retried only on request', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const { id } = await mailroom.send(mail('uncertain'))
    await refuse(door, id, 'uncertain')
    await die(door)
    expect(await mailroom.retry(id)).toEqual({ kind: 'may-be-delivered' })
    expect(await mailroom.retry(id, { evenIfDelivered: true })).toEqual({ kind: 'retried' })
    expect(await mailroom.get(id)).toMatchObject({ state: 'deferred' })
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 1, dead: 0, uncertain: 0 })
  })

  test("one whose sender's own deadline is over stays as it is", async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const notAfter = new Date(Date.now() + 1_000)
    const { id } = await mailroom.send(mail('late', { notAfter }))
    await refuse(door, id)
    await die(door)
    await expect.poll(() => door.store.nowMs()).toBeGreaterThan(notAfter.getTime())
    expect(await mailroom.retry(id)).toEqual({ kind: 'too-late' })
  })

  test('what a crash left between ledger and queue is put right by the next retry', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const { id } = await mailroom.send(mail('crash'))
    await refuse(door, id)
    await die(door)
    await door.ledger.reopen(id)
    const answers = await Promise.all([mailroom.retry(id), mailroom.retry(id)])
    expect(answers).toContainEqual({ kind: 'retried' })
    expect(answers).toContainEqual({ kind: 'not-held', state: 'deferred' })
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 1, dead: 0 })
  })

  test('held messages of all states are listed in pages, each once', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const ids: string[] = []
    for (const state of ['refused', 'uncertain', 'expired', 'refused'] as const) {
      const { id } = await mailroom.send(mail(`${state} ${ids.length}`))
      await refuse(door, id, state)
      ids.push(id)
    }
    const [first, second, third, fourth] = ids
    const inOrder = [second, first, fourth, third]
    for (const limit of [1, 2, 3, 100]) {
      const listed: string[] = []
      let cursor: string | undefined
      do {
        const page = await mailroom.list({ limit, ...(cursor && { cursor }) })
        listed.push(...page.records.map(({ id }) => id))
        cursor = page.cursor
      } while (cursor)
      expect(listed).toEqual(inOrder)
    }
    const { records } = await mailroom.list({ state: 'refused', connection: 'relay' })
    expect(records.map(({ id }) => id)).toEqual([first, fourth])
    await expect(mailroom.list({ state: 'refused', cursor: 'expired' })).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
    })
    await expect(mailroom.list({ cursor: 'nonsense' })).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
    })
  })
})

type Door = Awaited<ReturnType<typeof openBackDoor>>

/** Ends a message in the ledger as a worker does. */
async function refuse(
  { ledger }: Door,
  id: string,
  state: 'refused' | 'uncertain' | 'expired' = 'refused',
): Promise<void> {
  const recipients = ['ann@example.org']
  const claim = await ledger.claim({ id, worker: 'w', connection: 'relay', recipients })
  if (claim.kind !== 'claimed') throw new Error(`expected a claim, got "${claim.kind}"`)
  const outcomes = [{ index: 0, state, code: 550 }]
  await ledger.settle(id, claim.fence, { outcomes, isAttempt: true })
}

/** Ends the only job of `relay` as a worker does. */
async function die({ queues }: Door): Promise<void> {
  const consumer = await queues.consume(
    'relay',
    () => Promise.resolve({ kind: 'dead', reason: 'refused' }),
    { concurrency: 1, onError: () => {} },
  )
  await expect.poll(async () => (await queues.depth('relay')).dead).toBe(1)
  await consumer.stop(1_000)
}
