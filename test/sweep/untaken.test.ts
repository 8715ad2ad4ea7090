import { expect, test } from 'vitest'

import { encodePauses } from '../../src/fleet/manager-pauses.ts'
import { openPauses } from '../../src/fleet/pauses.ts'
import { openRecords } from '../../src/fleet/records.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { makeOlder, noteHeld, openSweepRoom, spoil } from './sweep-room.ts'

const NOTHING = { requeued: 0, lost: 0, expired: 0, forgotten: 0 }
const HOUR_MS = 3_600_000

describeServers('messages that nobody takes', (place) => {
  test('a message whose last moment is over expires without any worker, and its job is kept', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    const clock = { aheadMs: 0 }
    await using sweep = await openSweepRoom(at, { now: () => Date.now() + clock.aheadMs })
    const notAfter = new Date(Date.now() + HOUR_MS)
    const late = await room.send({}, { notAfter })
    const scheduled = await room.send({}, { notAfter, delay: '30m' })
    const other = await room.send({ to: ['bob@example.org'] })
    expect(await sweep.sweep()).toEqual(NOTHING)
    clock.aheadMs = 2 * HOUR_MS
    expect(await sweep.sweep()).toEqual({ ...NOTHING, expired: 2 })
    for (const { id } of [late, scheduled]) {
      expect(await room.mailroom.get(id)).toMatchObject({
        state: 'expired',
        last: { rule: 'local.not-after' },
      })
      expect(await sweep.queues.stateOf('relay', id)).toBe('dead')
      expect(await sweep.queues.read('relay', id)).toMatchObject({ id })
      expect((await sweep.queues.raw('relay').getJob(id))?.failedReason).toContain('expired')
    }
    expect(sweep.announced).toMatchObject([{ state: 'expired' }, { state: 'expired' }])
    expect(sweep.events.filter(({ event }) => event === 'expired')).toHaveLength(2)
    expect(await sweep.sweep()).toEqual(NOTHING)
    await room.worker.start()
    expect(await room.settled(other.id)).toMatchObject({ state: 'delivered' })
    expect(server.mails.map(({ to }) => to)).toEqual([['bob@example.org']])
  })

  test('a message expires by age only when no worker served its name for as long', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    const clock = { aheadMs: 0 }
    await using sweep = await openSweepRoom(at, {
      retry: { giveUpAfterMs: HOUR_MS },
      now: () => Date.now() + clock.aheadMs,
    })
    const { id } = await room.send()
    clock.aheadMs = 2 * HOUR_MS
    await sweep.registry.serve(['relay'])
    clock.aheadMs = HOUR_MS - 60_000
    expect(await sweep.sweep()).toEqual(NOTHING)
    clock.aheadMs = HOUR_MS + 60_000
    // The record's age is the store's word, and the store says that it is young.
    expect(await sweep.sweep()).toEqual(NOTHING)
    await makeOlder(sweep.store, at.prefix, id, 2 * HOUR_MS)
    expect(await sweep.sweep()).toEqual({ ...NOTHING, expired: 1 })
    expect(await room.mailroom.get(id)).toMatchObject({ last: { rule: 'local.no-worker' } })
  })

  test('a message does not age while an operator has paused its connection manager', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    const clock = { aheadMs: 0 }
    await using sweep = await openSweepRoom(at, {
      retry: { giveUpAfterMs: HOUR_MS },
      now: () => Date.now() + clock.aheadMs,
    })
    const operator = openPauses(sweep.store)
    await operator.pause('relay')
    await expect.poll(() => sweep.pauses.of('relay').current).toBeDefined()
    const { id } = await room.send()
    clock.aheadMs = 2 * HOUR_MS
    await makeOlder(sweep.store, at.prefix, id, 2 * HOUR_MS)
    expect(await sweep.sweep()).toEqual(NOTHING)
    // By the store's clock the pause was short.
    await operator.resume('relay')
    await expect.poll(() => sweep.pauses.of('relay').current).toBeUndefined()
    expect(await sweep.sweep()).toEqual({ ...NOTHING, expired: 1 })
  })

  test('time in which a message was held and its name paused counts once', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at, { retry: { giveUpAfterMs: 1.5 * HOUR_MS } })
    const { id } = await room.send()
    const now = Date.now()
    const span = { from: now - 2.5 * HOUR_MS, to: now - 1.5 * HOUR_MS }
    const text = encodePauses({ past: [span] })
    await openRecords(sweep.store, 'pauses').replace('relay', undefined, text)
    await openPauses(sweep.store).resume('relay')
    await expect.poll(() => sweep.pauses.of('relay').past).toEqual([span])
    // Accepted three hours ago, of which one was spent as uncertain.
    const job = await sweep.queues.raw('relay').getJob(id)
    await job?.updateData({ ...job.data, acceptedAt: now - 3 * HOUR_MS })
    await makeOlder(sweep.store, at.prefix, id, 2 * HOUR_MS)
    await noteHeld(sweep.store, at.prefix, id, span)
    expect(await sweep.sweep()).toEqual({ ...NOTHING, expired: 1 })
    expect(await room.mailroom.get(id)).toMatchObject({ last: { rule: 'local.no-worker' } })
  })

  test('one whose record cannot be read is named once, and keeps no other from expiring', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    const clock = { aheadMs: 0 }
    await using sweep = await openSweepRoom(at, { now: () => Date.now() + clock.aheadMs })
    const notAfter = new Date(Date.now() + HOUR_MS)
    const spoilt = await room.send({}, { notAfter })
    const other = await room.send({}, { notAfter })
    await spoil(sweep.store, at.prefix, spoilt.id)
    clock.aheadMs = 2 * HOUR_MS
    expect(await sweep.sweeper.sweep()).toEqual({ ...NOTHING, expired: 1 })
    expect(await sweep.sweeper.sweep()).toEqual(NOTHING)
    expect(sweep.faults).toMatchObject([{ code: 'RECORD_UNREADABLE', id: spoilt.id }])
    expect(await room.mailroom.get(other.id)).toMatchObject({ state: 'expired' })
    expect(await sweep.queues.stateOf('relay', spoilt.id)).toBe('waiting')
  })

  test('a name that a worker serves is left to the worker', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at, { now: () => Date.now() + 2 * HOUR_MS })
    const { id } = await room.send({}, { notAfter: new Date(Date.now() + HOUR_MS) })
    const startedAt = new Date()
    const sign = { id: 'w', host: 'h', pid: 1, version: '1', names: ['relay'], startedAt }
    await sweep.registry.beat(sign)
    expect(await sweep.sweep()).toEqual(NOTHING)
    expect(await room.mailroom.get(id)).toMatchObject({ state: 'queued' })
    await sweep.registry.leave('w')
    expect(await sweep.sweep()).toMatchObject({ expired: 1 })
  })

  test('more messages than a page are all found, and those that may wait keep their order', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(
      at,
      { port: server.port, limits: { sessions: 1 } },
      { starts: false },
    )
    const clock = { aheadMs: 0 }
    await using sweep = await openSweepRoom(at, { now: () => Date.now() + clock.aheadMs })
    const notAfter = new Date(Date.now() + HOUR_MS)
    await room.mailroom.sendMany(
      Array.from({ length: 65 }, (_, nth) => ({
        connection: 'relay',
        message: {
          from: 'app@example.com',
          to: `r${nth}@example.org`,
          subject: 'x',
          text: 'x',
        },
        options: nth % 13 === 0 ? {} : { notAfter },
      })),
    )
    clock.aheadMs = 2 * HOUR_MS
    expect(await sweep.sweep()).toEqual({ ...NOTHING, expired: 60 })
    await room.worker.start()
    await expect.poll(() => server.mails.length).toBe(5)
    const wanted = Array.from({ length: 5 }, (_, nth) => `r${nth * 13}@example.org`)
    expect(server.mails.flatMap(({ to }) => to)).toEqual(wanted)
  })

  test('what a worker takes at the same moment is delivered or expires, never both', async () => {
    const at = place()
    await using server = await startSmtpServer()
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    await using sweep = await openSweepRoom(at, { now: () => Date.now() + 2 * HOUR_MS })
    const notAfter = new Date(Date.now() + HOUR_MS)
    const receipts = await Promise.all(
      Array.from({ length: 30 }, (_, nth) =>
        room.send({ to: [`r${nth}@example.org`] }, { notAfter }),
      ),
    )
    const started = room.worker.start()
    await Promise.all([sweep.sweep(), sweep.ledger.cancel(receipts.at(-1)?.id ?? ''), started])
    const records = await Promise.all(receipts.map(({ id }) => room.settled(id)))
    const delivered = records.filter(({ state }) => state === 'delivered')
    expect(
      records.every(({ state }) => ['delivered', 'expired', 'cancelled'].includes(state)),
    ).toBe(true)
    expect(server.mails.flatMap(({ to }) => to).toSorted()).toEqual(
      delivered.flatMap(({ recipients }) => recipients.map(({ address }) => address)).toSorted(),
    )
    await expect
      .poll(() => room.mailroom.status('relay'))
      .toMatchObject({ waiting: 0, active: 0, delayed: 0 })
  })

  test('two that sweep at the same moment end every message once', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    const later = { now: () => Date.now() + 2 * HOUR_MS, everyMs: 1 }
    await using one = await openSweepRoom(at, { ...later, worker: 'one' })
    await using other = await openSweepRoom(at, { ...later, worker: 'other' })
    const notAfter = new Date(Date.now() + HOUR_MS)
    for (let nth = 0; nth < 12; nth += 1) await room.send({}, { notAfter })
    // A turn of a millisecond is over at once: both go on as if they had it.
    await expect
      .poll(async () => {
        await Promise.all([one.sweeper.sweep(), other.sweeper.sweep()])
        return one.queues.depth('relay')
      })
      .toEqual({ waiting: 0, active: 0, delayed: 0, dead: 12 })
    const told = [...one.events, ...other.events].filter(({ event }) => event === 'expired')
    expect(told).toHaveLength(12)
    expect([...one.announced, ...other.announced]).toHaveLength(12)
    expect([...one.faults, ...other.faults]).toEqual([])
  })
})
