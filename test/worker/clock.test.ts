import { afterEach, expect, test, vi } from 'vitest'

import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'

const HOUR_MS = 3_600_000

afterEach(() => void vi.restoreAllMocks())

/** Sets this process' clock, as an operator or NTP does. */
function shiftClock(ms: number): void {
  const real = Date.now.bind(Date)
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms)
}

describeServers('the clock of a worker', (place) => {
  test('a retry is due by the clock of the store, also when the worker is hours ahead', async () => {
    const answers = [{ code: 451, text: '4.3.0 Not now' }]
    await using server = await startSmtpServer({
      refuseMessage: () => {
        if (answers.length > 0) shiftClock(3 * HOUR_MS)
        return answers.shift()
      },
    })
    const at = place()
    await using room = await openRoom(at, { port: server.port })
    const { id } = await room.send()
    await expect.poll(() => room.told('deferred')).toHaveLength(1)
    await room.worker.stop()
    vi.restoreAllMocks()

    await using other = await openRoom(at, { port: server.port })
    expect(await other.settled(id)).toMatchObject({ state: 'delivered' })
  })

  test('a clock that is set by hours is noticed within a second, and when it is right again', async () => {
    await using server = await startSmtpServer()
    await using room = await openRoom(place(), { port: server.port })
    shiftClock(-3 * HOUR_MS)
    await expect.poll(() => room.worker.readiness()).toMatchObject({ ready: false })
    vi.restoreAllMocks()
    await expect.poll(() => room.worker.readiness()).toMatchObject({ ready: true })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  })
})
