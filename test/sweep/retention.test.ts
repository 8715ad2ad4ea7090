import { expect, test } from 'vitest'

import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { makeNameOlder, makeOlder, openSweepRoom, type SweepRoom } from './sweep-room.ts'

const NOTHING = { requeued: 0, lost: 0, expired: 0, forgotten: 0 }
const DAY_MS = 86_400_000

describeServers('retention', (place) => {
  test('a held message that is old enough is forgotten, with its job and its content', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id: old } = await room.send()
    const { id: young } = await room.send()
    for (const id of [old, young]) await refuse(sweep, id)
    await makeOlder(sweep.store, at.prefix, old, 91 * DAY_MS)
    await makeOlder(sweep.store, at.prefix, young, 89 * DAY_MS)
    expect(await sweep.sweep()).toEqual({ ...NOTHING, forgotten: 1 })
    expect(await room.mailroom.get(old)).toBeUndefined()
    expect(await sweep.queues.stateOf('relay', old)).toBeUndefined()
    expect(sweep.released).toEqual([old])
    expect(await room.mailroom.get(young)).toMatchObject({ state: 'refused' })
    expect(await sweep.queues.stateOf('relay', young)).toBe('dead')
    expect(await room.mailroom.status('relay')).toMatchObject({ refused: 1, dead: 1 })
    expect(sweep.events).toMatchObject([{ event: 'swept', forgotten: 1 }])
  })

  test('a job that a crash left behind its record is removed when it is old enough', async () => {
    const at = place()
    await using sweep = await openSweepRoom(at)
    await sweep.registry.note(['relay'])
    const now = Date.now()
    await sweep.queues.add('relay', [
      { id: 'm-old', data: { acceptedAt: now - 91 * DAY_MS } },
      { id: 'm-young', data: { acceptedAt: now - DAY_MS } },
      { id: 'm-odd', data: 'unreadable' },
    ])
    const reason = 'refused'
    await sweep.queues.bury(
      'relay',
      ['m-old', 'm-young', 'm-odd'].map((id) => ({ id, reason })),
    )
    expect(await sweep.sweep()).toEqual(NOTHING)
    const left = await sweep.queues.page('relay', 'dead', 0, 10)
    expect(left.map(({ id }) => id)).toEqual(['m-young', 'm-odd'])
    expect(sweep.released).toEqual(['m-old'])
  })

  test('content is needed by messages on their way and by held ones only', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const waiting = await room.send()
    const refused = await room.send()
    const cancelled = await room.send()
    const unrecorded = await room.send()
    await sweep.ledger.forget(unrecorded.id)
    await refuse(sweep, refused.id)
    await room.mailroom.cancel(cancelled.id)
    await sweep.sweep()
    expect(await sweep.isNeeded(waiting.id)).toBe(true)
    expect(await sweep.isNeeded(refused.id)).toBe(true)
    expect(await sweep.isNeeded(cancelled.id)).toBe(false)
    expect(await sweep.isNeeded(unrecorded.id)).toBe(true)
    expect(await sweep.isNeeded('m-never-recorded')).toBe(false)
  })

  test('messages that ended long ago are not known any more', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at, { retentionMs: 1 })
    const { id } = await room.send()
    await sweep.ledger.cancel(id)
    await sweep.queues.remove('relay', id)
    await expect
      .poll(async () => {
        await sweep.sweep()
        return room.mailroom.get(id)
      })
      .toBeUndefined()
  })

  test('a name without mail that nobody used for long is forgotten, and no other', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    await room.send()
    await sweep.registry.note(['idle', 'served', 'recent'])
    const startedAt = new Date()
    const sign = { id: 'w', host: 'h', pid: 1, version: '1', names: ['served'], startedAt }
    await sweep.registry.beat(sign)
    for (const name of ['relay', 'idle', 'served']) {
      await makeNameOlder(sweep.store, at.prefix, name, 31 * DAY_MS)
    }
    await sweep.sweep()
    const { names } = await sweep.registry.list()
    expect(names.map(({ name }) => name)).toEqual(['recent', 'relay', 'served'])
  })

  test('one of two sweeps, and the other one when the first has left', async () => {
    const at = place()
    await using first = await openSweepRoom(at, { worker: 'first' })
    await using second = await openSweepRoom(at, { worker: 'second' })
    const [one, other] = await Promise.all([first.sweeper.sweep(), second.sweeper.sweep()])
    expect([one, other].filter((swept) => swept !== undefined)).toEqual([NOTHING])
    const [holder, waiting] = one === undefined ? [second, first] : [first, second]
    expect(await waiting.sweeper.sweep()).toBeUndefined()
    expect(await holder.sweeper.sweep()).toEqual(NOTHING)
    await holder.sweeper.close()
    expect(await waiting.sweeper.sweep()).toEqual(NOTHING)
    expect(await holder.sweeper.sweep()).toBeUndefined()
    expect([...first.faults, ...second.faults]).toEqual([])
  })

  test('the turn of a sweeper that died passes to another by itself', async () => {
    const at = place()
    await using dead = await openSweepRoom(at, { worker: 'dead', everyMs: 300 })
    await dead.sweeper.sweep()
    await using second = await openSweepRoom(at, { worker: 'second' })
    await dead.store.close()
    await expect.poll(() => second.sweeper.sweep()).toEqual(NOTHING)
  })

  test('a worker sweeps by itself, and keeps what was held as long as its configuration says', async () => {
    await using server = await startSmtpServer({
      refuseRecipient: () => ({ code: 550, text: '5.1.1 unknown' }),
    })
    const at = { ...place(), retention: { held: '1ms' } } as TestStore
    await using room = await openRoom(at, { port: server.port }, { sweep: { everyMs: 50 } })
    const { id } = await room.send()
    await expect.poll(() => room.told('refused')).toMatchObject([{ id }])
    await expect.poll(() => room.told('swept')).toMatchObject([{ forgotten: 1 }])
    expect(await room.mailroom.get(id)).toBeUndefined()
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ dead: 0, refused: 0 })
  })
})

/** Ends a message as a worker does that was refused. */
async function refuse({ ledger, queues }: SweepRoom, id: string): Promise<void> {
  const recipients = ['ann@example.org']
  const claim = await ledger.claim({ id, worker: 'w', connection: 'relay', recipients })
  const fence = claim.kind === 'claimed' ? claim.fence : 0
  await ledger.settle(id, fence, { outcomes: [], rest: 'refused', isAttempt: false })
  await queues.bury('relay', [{ id, reason: 'refused' }])
}
