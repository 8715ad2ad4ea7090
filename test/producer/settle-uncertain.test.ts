import { expect, test } from 'vitest'

import type { Announcement } from '../../src/index.ts'
import type { UncertainPlan } from '../../src/ledger/uncertain.ts'
import { leaveUncertain } from '../support/leave-uncertain.ts'
import { describeStores } from '../support/stores.ts'
import { mail, mailroomOn, openBackDoor } from './mailroom-on.ts'

const LONG: UncertainPlan = { way: 'accept', afterMs: 3_600_000, atMost: 0 }

describeStores('a decision about an uncertain message', (place) => {
  test('to accept it ends it as delivered, and nothing is left of it', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const heard: Announcement[] = []
    mailroom.on('delivered', (outcome) => heard.push(outcome))
    const { id } = await mailroom.send(mail('accept'))
    await leaveUncertain(door, id)
    await door.queues.bury('relay', [{ id, reason: 'uncertain' }])
    const settled = { kind: 'settled', way: 'accept', recipients: 1, state: 'delivered' }
    expect(await mailroom.settleUncertain(id, 'accept')).toEqual(settled)
    const again = { kind: 'not-uncertain', state: 'delivered' }
    expect(await mailroom.settleUncertain(id, 'resend')).toEqual(again)
    expect(await door.queues.stateOf('relay', id)).toBeUndefined()
    const rule = 'local.accepted-uncertain'
    expect(await mailroom.get(id)).toMatchObject({ state: 'delivered', last: { rule } })
    await expect.poll(() => heard).toEqual([{ id, connection: 'relay', state: 'delivered', rule }])
  })

  test.for(['dead', 'delayed'] as const)(
    'to send it again has its %s job wait in the queue',
    async (state) => {
      const at = place()
      await using mailroom = mailroomOn(at)
      await using door = await openBackDoor(at)
      const { id } = await mailroom.send(mail('again', state === 'delayed' ? { delay: '1h' } : {}))
      await leaveUncertain(door, id, LONG)
      if (state === 'dead') await door.queues.bury('relay', [{ id, reason: 'uncertain' }])
      expect(await door.queues.stateOf('relay', id)).toBe(state)
      const settled = { kind: 'settled', way: 'resend', recipients: 1, state: 'deferred' }
      expect(await mailroom.settleUncertain(id, 'resend')).toEqual(settled)
      expect(await mailroom.status('relay')).toMatchObject({ waiting: 1, dead: 0, uncertain: 0 })
      expect((await mailroom.get(id))?.planned).toBeUndefined()
    },
  )

  test('to send it again is answered CONTENT_GONE when its content is', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const { id } = await mailroom.send(mail('gone'))
    await leaveUncertain(door, id)
    await door.queues.remove('relay', id)
    const gone = { kind: 'content-gone', code: 'CONTENT_GONE' }
    expect(await mailroom.settleUncertain(id, 'resend')).toEqual(gone)
    expect(await mailroom.get(id)).toMatchObject({ state: 'uncertain' })
    expect(await mailroom.settleUncertain(id, 'accept')).toMatchObject({ state: 'delivered' })
  })

  test('to send it again comes too late behind its own deadline', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const notAfter = new Date(Date.now() + 1_000)
    const { id } = await mailroom.send(mail('late', { notAfter }))
    await leaveUncertain(door, id)
    await expect.poll(() => door.store.nowMs()).toBeGreaterThan(notAfter.getTime())
    expect(await mailroom.settleUncertain(id, 'resend')).toEqual({ kind: 'too-late' })
  })

  test('changes nothing of a message that is not uncertain, or not known', async () => {
    await using mailroom = mailroomOn(place())
    expect(await mailroom.settleUncertain('m-none', 'accept')).toEqual({ kind: 'unknown' })
    const { id } = await mailroom.send(mail('waits'))
    for (const way of ['resend', 'accept'] as const) {
      const not = { kind: 'not-uncertain', state: 'queued' }
      expect(await mailroom.settleUncertain(id, way)).toEqual(not)
    }
  })

  test.for(['waiting', 'delayed'] as const)(
    'may also be a retry, before its policy settles it, while its job is %s',
    async (state) => {
      const at = place()
      await using mailroom = mailroomOn(at)
      await using door = await openBackDoor(at)
      const { id } = await mailroom.send(mail('retry', state === 'delayed' ? { delay: '1h' } : {}))
      await leaveUncertain(door, id, LONG)
      expect(await door.queues.stateOf('relay', id)).toBe(state)
      expect(await mailroom.retry(id, { evenIfDelivered: true })).toEqual({ kind: 'retried' })
      expect(await mailroom.get(id)).toMatchObject({ state: 'deferred' })
      expect(await mailroom.status('relay')).toMatchObject({ waiting: 1, delayed: 0 })
    },
  )
})

describeStores('the end of an uncertain message', (place) => {
  test('is waited for as long as its policy will settle it', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const { id } = await mailroom.send(mail('wait'))
    await leaveUncertain(door, id, LONG)
    await expect(mailroom.untilSettled(id, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'NOT_SETTLED',
      message: expect.stringMatching(/is "uncertain": its policy is to accept it at \d{4}-/),
    })
    const waiting = mailroom.untilSettled(id)
    expect(await mailroom.settleUncertain(id, 'accept')).toMatchObject({ kind: 'settled' })
    expect(await waiting).toMatchObject({ state: 'delivered' })
  })

  test('has come when it is held for somebody to decide', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using door = await openBackDoor(at)
    const { id } = await mailroom.send(mail('held'))
    await leaveUncertain(door, id)
    expect(await mailroom.untilSettled(id)).toMatchObject({ state: 'uncertain' })
  })
})
