import { expect, test } from 'vitest'

import type { UncertainPlan } from '../../src/ledger/uncertain.ts'
import { leaveUncertain } from '../support/leave-uncertain.ts'
import { describeServers } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import { makeOlder, openSweepRoom, spoil } from './sweep-room.ts'

const ACCEPT: UncertainPlan = { way: 'accept', afterMs: 100, atMost: 0 }
const RESEND: UncertainPlan = { way: 'resend', afterMs: 100, atMost: 1 }
const LATER: UncertainPlan = { way: 'accept', afterMs: 60_000, atMost: 0 }

describeServers('what is uncertain, and no worker lives', (place) => {
  test('counts as delivered when its time has come, and nothing is left of it', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send()
    await leaveUncertain(sweep, id, ACCEPT)
    await expect.poll(() => sweep.ledger.dueUncertain(0, 10)).toHaveLength(1)
    await sweep.sweep()
    const rule = 'local.accepted-uncertain'
    expect(await sweep.ledger.get(id)).toMatchObject({ state: 'delivered', last: { rule } })
    expect(sweep.events).toEqual([
      { event: 'uncertain-settled', id, connection: 'relay', way: 'accept', recipients: 1, rule },
    ])
    expect(sweep.announced).toEqual([{ id, connection: 'relay', state: 'delivered', rule }])
    expect(sweep.released).toEqual([id])
    expect(await sweep.queues.stateOf('relay', id)).toBeUndefined()
  })

  test.for(['dead', 'delayed'] as const)(
    'waits in the queue again when it is to be sent again, and its job was %s',
    async (state) => {
      const at = place()
      await using room = await openRoom(at, { port: 2525 }, { starts: false })
      await using sweep = await openSweepRoom(at)
      const { id } = await room.send({}, state === 'delayed' ? { delay: '1h' } : {})
      await leaveUncertain(sweep, id, RESEND)
      if (state === 'dead') await sweep.queues.bury('relay', [{ id, reason: 'uncertain' }])
      expect(await sweep.queues.stateOf('relay', id)).toBe(state)
      await expect.poll(() => sweep.ledger.dueUncertain(0, 10)).toHaveLength(1)
      await sweep.sweep()
      expect(await sweep.ledger.get(id)).toMatchObject({ state: 'deferred' })
      expect(await sweep.queues.stateOf('relay', id)).toBe('waiting')
      expect(sweep.events).toMatchObject([{ event: 'uncertain-settled', way: 'resend' }])
    },
  )

  test('is held for somebody to decide when its job is gone, and nothing can be sent again', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send()
    await leaveUncertain(sweep, id, RESEND)
    await sweep.queues.remove('relay', id)
    await expect.poll(() => sweep.ledger.dueUncertain(0, 10)).toHaveLength(1)
    await sweep.sweep()
    const record = await sweep.ledger.get(id)
    expect(record).toMatchObject({ state: 'uncertain' })
    expect(record?.planned).toBeUndefined()
    expect(await sweep.ledger.dueUncertain(0, 10)).toEqual([])
  })

  test('is left to a person who had it held, also while its plan is carried out', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const ids: string[] = []
    for (let nth = 0; nth < 8; nth += 1) {
      const { id } = await room.send()
      ids.push(id)
      await leaveUncertain(sweep, id, nth % 2 === 0 ? RESEND : ACCEPT)
    }
    await expect.poll(() => sweep.ledger.dueUncertain(0, 10)).toHaveLength(8)
    const [first = ''] = ids
    const held = { kind: 'held', state: 'uncertain' }
    expect(await room.mailroom.settleUncertain(first, 'hold')).toEqual(held)
    const [, ...answers] = await Promise.all([
      sweep.sweep(),
      ...ids.map((id) => room.mailroom.settleUncertain(id, 'hold')),
    ])
    expect(answers[0]).toEqual(held)
    for (const [nth, id] of ids.entries()) {
      const { state, planned } = (await sweep.ledger.get(id)) ?? {}
      const done = nth % 2 === 0 ? 'deferred' : 'delivered'
      expect({ kind: answers[nth]?.kind, state }).toEqual(
        answers[nth]?.kind === 'held' ? held : { kind: 'not-uncertain', state: done },
      )
      expect(planned).toBeUndefined()
    }
    await sweep.sweep()
    expect(await sweep.ledger.get(first)).toMatchObject({ state: 'uncertain' })
    const { entries = [] } = (await room.mailroom.history(first)) ?? {}
    expect(entries.at(-1)).toMatchObject({ kind: 'uncertain-held' })
  })

  test('and cannot be read is named, stays as it is, and hides no other', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at, { heldRetentionMs: 86_400_000 })
    const [{ id: spoilt }, { id: other }] = [await room.send(), await room.send()]
    for (const id of [spoilt, other]) await leaveUncertain(sweep, id, ACCEPT)
    await spoil(sweep.store, at.prefix, spoilt)
    await makeOlder(sweep.store, at.prefix, spoilt, 2 * 86_400_000)
    await expect.poll(() => sweep.ledger.dueUncertain(0, 10)).toHaveLength(2)
    expect(await room.mailroom.list({ state: 'uncertain' })).toMatchObject({
      records: [{ id: other }],
      unreadable: [spoilt],
    })
    for (let time = 0; time < 3; time += 1) await sweep.sweeper.sweep()
    expect(await sweep.ledger.get(other)).toMatchObject({ state: 'delivered' })
    const named = { code: 'RECORD_UNREADABLE', id: spoilt }
    expect(sweep.faults).toMatchObject([named])
    expect(await room.mailroom.list()).toMatchObject({ records: [], unreadable: [spoilt] })
    expect(await sweep.queues.stateOf('relay', spoilt)).toBe('waiting')
    await expect(sweep.ledger.get(spoilt)).rejects.toMatchObject(named)
  })

  test('is not forgotten while its policy will settle it, however old it is', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at, { heldRetentionMs: 86_400_000 })
    const [{ id: planned }, { id: held }] = [await room.send(), await room.send()]
    await leaveUncertain(sweep, planned, LATER)
    await leaveUncertain(sweep, held)
    for (const id of [planned, held]) await makeOlder(sweep.store, at.prefix, id, 2 * 86_400_000)
    expect(await sweep.sweep()).toMatchObject({ forgotten: 1 })
    expect(await sweep.ledger.get(planned)).toMatchObject({ planned: { way: 'accept' } })
    expect(await sweep.queues.stateOf('relay', planned)).toBe('waiting')
    expect(await sweep.ledger.get(held)).toBeUndefined()
  })

  test('leaves no dead job behind when whoever accepted it died before its job knew', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const [{ id: held }, { id }] = [await room.send(), await room.send()]
    for (const each of [held, id]) await leaveUncertain(sweep, each)
    await sweep.queues.bury(
      'relay',
      [held, id].map((each) => ({ id: each, reason: 'uncertain' })),
    )
    expect(await sweep.ledger.settleUncertain(id, 'accept')).toMatchObject({ kind: 'settled' })
    await sweep.sweep()
    expect(await sweep.queues.stateOf('relay', id)).toBeUndefined()
    expect(await sweep.queues.stateOf('relay', held)).toBe('dead')
    expect(sweep.released).toEqual([id])
  })

  test('stays as it is before its time has come', async () => {
    const at = place()
    await using room = await openRoom(at, { port: 2525 }, { starts: false })
    await using sweep = await openSweepRoom(at)
    const { id } = await room.send()
    await leaveUncertain(sweep, id, LATER)
    await sweep.sweep()
    expect(await sweep.ledger.get(id)).toMatchObject({
      state: 'uncertain',
      planned: { way: 'accept' },
    })
    expect(sweep.events).toEqual([])
  })
})
