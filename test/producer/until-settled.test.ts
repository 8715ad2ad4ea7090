import { expect, test } from 'vitest'

import type { Announcement } from '../../src/index.ts'
import { describeStores } from '../support/stores.ts'
import { mail, mailroomOn } from './mailroom-on.ts'

describeStores('the end of a message', (place) => {
  test('is announced when it is cancelled', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await using other = mailroomOn(at)
    const heard: [string, Announcement][] = []
    other.on('cancelled', (outcome) => heard.push(['cancelled', outcome]))
    other.on('settled', (outcome) => heard.push(['settled', outcome]))
    const { id } = await other.send(mail('a'))
    expect(await mailroom.cancel('m-unknown')).toEqual({ kind: 'unknown' })
    expect(await mailroom.cancel(id)).toEqual({ kind: 'cancelled' })
    const outcome = { id, connection: 'relay', state: 'cancelled' }
    await expect
      .poll(() => heard)
      .toEqual([
        ['cancelled', outcome],
        ['settled', outcome],
      ])
    expect(await mailroom.untilSettled(id)).toMatchObject({ id, state: 'cancelled' })
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 0 })
  })

  test('is never waited for when nobody knows the message', async () => {
    await using mailroom = mailroomOn(place())
    await expect(mailroom.untilSettled('m-unknown')).rejects.toMatchObject({
      code: 'UNKNOWN_MESSAGE',
      id: 'm-unknown',
      message: expect.stringContaining('expected one that'),
    })
  })

  test('is waited for until the signal aborts, and not a moment longer', async () => {
    await using mailroom = mailroomOn(place())
    const { id } = await mailroom.send(mail('a'))
    const reason = new Error('enough')
    await expect(mailroom.untilSettled(id, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )

    // The first wait lets the second one find its subscription.
    await expect(mailroom.untilSettled(id, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'NOT_SETTLED',
    })
    const waitsOnForMs = async (): Promise<number> => {
      const controller = new AbortController()
      const waiting = mailroom.untilSettled(id, { signal: controller.signal })
      await mailroom.get(id)
      const abortedAt = performance.now()
      controller.abort(reason)
      await expect(waiting).rejects.toBe(reason)
      return performance.now() - abortedAt
    }
    // Who did not hear of it would look again after a second, however idle the machine is.
    await expect.poll(waitsOnForMs).toBeLessThan(300)
  })
})
