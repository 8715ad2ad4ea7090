import { describe, expect, test } from 'vitest'

import type { Ledger } from '../../src/ledger/ledger.ts'
import type { UncertainPlan } from '../../src/ledger/uncertain.ts'
import {
  claimOf,
  claimsUntil,
  deferred,
  delivered,
  fenceOf,
  LONG_MS,
  markedAndGone,
  newRecord,
  OK,
  type OpenLedger,
} from './ledger-under-test.ts'

export const RESEND: UncertainPlan = { way: 'resend', afterMs: 0, atMost: 2 }
export const ACCEPT: UncertainPlan = { way: 'accept', afterMs: 0, atMost: 0 }
const UNKNOWN = { stage: 'dot', text: 'time-out: no answer', rule: 'stage.dot' } as const
const ACCEPTED = { stage: 'dot', rule: 'local.accepted-uncertain' }
const ONE = ['ann@example.com']
const TWO = ['a@example.com', 'b@example.com']

/** What an attempt comes to whose answer never came. */
const NO_ANSWER = {
  outcomes: [{ index: 0, state: 'uncertain', ...UNKNOWN }],
  isAttempt: true,
  last: UNKNOWN,
} as const

/** A message whose answer never comes, and that a person has sent again each time. */
export async function resendTimes(ledger: Ledger, id: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await ledger.settle(id, await fenceOf(ledger, id), NO_ANSWER)
    await ledger.settleUncertain(id, 'resend')
  }
}

/** What every ledger promises of plans for uncertain recipients, and of decisions about them. */
export function testUncertain(open: OpenLedger): void {
  describe('plans for uncertain recipients', () => {
    test('what a dead worker had sent is sent again when its answer could not come any more', async () => {
      await using store = await open()
      const { ledger } = store
      await markedAndGone(ledger, 'm1', [0], ONE, RESEND)
      expect(await claimsUntil(ledger, 'm1', 'claimed')).toMatchObject({
        kind: 'claimed',
        pending: [0],
        attempts: 1,
        turned: 1,
        done: { way: 'resend', recipients: 1 },
      })
      expect((await ledger.history('m1'))?.entries).toMatchObject([
        { kind: 'accepted' },
        { kind: 'turned-uncertain' },
        { kind: 'uncertain-settled', way: 'resend', by: 'policy', recipients: [0] },
      ])
    })

    test('it is sent again so many times in a row, and then held', async () => {
      await using store = await open()
      const { ledger } = store
      await markedAndGone(ledger, 'm1', [0], ONE, RESEND)
      for (const resends of [1, 2]) {
        const claim = await claimsUntil(ledger, 'm1', 'claimed')
        expect(claim).toMatchObject({ attempts: resends, done: { way: 'resend' } })
        const fence = claim.kind === 'claimed' ? claim.fence : 0
        expect(await ledger.mark('m1', fence, [0], 1, RESEND)).toBe(true)
      }
      const held = { kind: 'settled', state: 'uncertain', turned: 1 }
      expect(await claimsUntil(ledger, 'm1', 'settled')).toEqual(held)
      expect((await ledger.get('m1'))?.planned).toBeUndefined()
      expect(await ledger.dueUncertain(0, 10)).toEqual([])
    })

    test('that it was put off in between ends no doubt: no copy more may arrive', async () => {
      await using store = await open()
      const { ledger } = store
      const once = { ...RESEND, atMost: 1 }
      await markedAndGone(ledger, 'm1', [0], ONE, once)
      const first = await claimsUntil(ledger, 'm1', 'claimed')
      const fence = first.kind === 'claimed' ? first.fence : 0
      await ledger.settle('m1', fence, { outcomes: [deferred(0)], isAttempt: true })
      await ledger.mark('m1', await fenceOf(ledger, 'm1'), [0], 1, once)
      const held = { kind: 'settled', state: 'uncertain', turned: 1 }
      expect(await claimsUntil(ledger, 'm1', 'settled')).toEqual(held)
    })

    test('the end of a doubt begins the row anew', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TWO)])
      const once = { ...RESEND, atMost: 1 }
      await markedAndGone(ledger, 'm1', [0], TWO, once)
      const first = await claimsUntil(ledger, 'm1', 'claimed')
      const fence = first.kind === 'claimed' ? first.fence : 0
      const outcomes = [delivered(0), deferred(1)]
      await ledger.settle('m1', fence, { outcomes, isAttempt: true })
      await ledger.mark('m1', await fenceOf(ledger, 'm1', TWO), [1], 1, once)
      expect(await claimsUntil(ledger, 'm1', 'claimed')).toMatchObject({
        pending: [1],
        done: { way: 'resend' },
      })
    })

    test('what a dead worker had sent counts as delivered, by a rule that says so', async () => {
      await using store = await open()
      const { ledger } = store
      await markedAndGone(ledger, 'm1', [0], ONE, ACCEPT)
      expect(await claimsUntil(ledger, 'm1', 'settled')).toEqual({
        kind: 'settled',
        state: 'delivered',
        turned: 1,
        done: { way: 'accept', recipients: 1 },
      })
      expect(await ledger.get('m1')).toMatchObject({
        state: 'delivered',
        recipients: [{ state: 'delivered', ...ACCEPTED }],
        last: ACCEPTED,
      })
      expect(await ledger.countHeld(newRecord('m1').connection)).toMatchObject({ uncertain: 0 })
    })

    test('a worker that hears no answer accepts at once, or waits until none can come', async () => {
      await using store = await open()
      const { ledger } = store
      const first = await fenceOf(ledger, 'm1')
      await ledger.mark('m1', first, [0], LONG_MS, ACCEPT)
      const accepted = { applied: true, state: 'delivered', accepted: 1 }
      expect(await ledger.settle('m1', first, NO_ANSWER)).toEqual(accepted)

      const second = await fenceOf(ledger, 'm2')
      await ledger.mark('m2', second, [0], LONG_MS, RESEND)
      const waits = await ledger.settle('m2', second, NO_ANSWER)
      expect(waits).toMatchObject({ applied: true, state: 'uncertain' })
      expect(waits.dueInMs).toBeGreaterThan(LONG_MS / 2)
      expect(waits.dueInMs).toBeLessThanOrEqual(LONG_MS)
      const again = await claimOf(ledger, 'm2')
      expect(again).toMatchObject({ kind: 'settled', state: 'uncertain', turned: 0 })
      expect(again.kind === 'settled' && again.dueInMs).toBeGreaterThan(LONG_MS / 2)
      expect((await ledger.get('m2'))?.planned).toMatchObject({ way: 'resend' })
      expect(await ledger.settleUncertain('m2', 'planned')).toEqual({
        kind: 'not-due',
        state: 'uncertain',
      })
    })

    test('messages whose plan is due are found, whoever lives, and settled once', async () => {
      await using store = await open()
      const { ledger } = store
      for (const [id, way, afterMs] of [
        // A settlement accepts at once what is due by then, and sends nothing again.
        ['due', 'resend', 1],
        ['later', 'accept', LONG_MS],
      ] as const) {
        const fence = await fenceOf(ledger, id)
        await ledger.mark(id, fence, [0], 1, { way, afterMs, atMost: 1 })
        await ledger.settle(id, fence, NO_ANSWER)
      }
      await expect
        .poll(() => ledger.dueUncertain(0, 10))
        .toEqual([{ id: 'due', connection: newRecord('due').connection, way: 'resend' }])
      expect(await ledger.dueUncertain(1, 10)).toEqual([])
      const settled = { kind: 'settled', state: 'deferred', way: 'resend', recipients: 1 }
      expect(await ledger.settleUncertain('due', 'planned')).toEqual(settled)
      expect(await ledger.settleUncertain('due', 'planned')).toEqual({
        kind: 'not-uncertain',
        state: 'deferred',
      })
      expect(await ledger.dueUncertain(0, 10)).toEqual([])
    })
  })

  describe('a decision about uncertain recipients', () => {
    test('is theirs alone, and the message does not age while it is held', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TWO)])
      const fence = await fenceOf(ledger, 'm1', TWO)
      await ledger.mark('m1', fence, [0], LONG_MS)
      const outcomes = [...NO_ANSWER.outcomes, delivered(1)]
      await ledger.settle('m1', fence, { ...NO_ANSWER, outcomes })
      const before = await ledger.get('m1')
      await expect.poll(() => Date.now()).toBeGreaterThan((before?.updatedAt.getTime() ?? 0) + 5)
      expect(await ledger.settleUncertain('m1', 'resend')).toEqual({
        kind: 'settled',
        state: 'deferred',
        way: 'resend',
        recipients: 1,
      })
      const record = await ledger.get('m1')
      expect(record?.recipients).toMatchObject([{ state: 'pending' }, { state: 'delivered' }])
      expect(record?.acceptedAt.getTime()).toBeGreaterThan(before?.acceptedAt.getTime() ?? 0)
      const entries = (await ledger.history('m1'))?.entries ?? []
      expect(entries[0]).toEqual({ kind: 'accepted', at: before?.acceptedAt })
      expect(entries.at(-1)).toMatchObject({ kind: 'uncertain-settled', by: 'person' })
      const held = { from: before?.updatedAt.getTime(), to: record?.updatedAt.getTime() }
      expect(await claimOf(ledger, 'm1')).toMatchObject({
        kind: 'claimed',
        pending: [0],
        held: [held],
      })
    })

    test('does nothing where nothing is uncertain', async () => {
      await using store = await open()
      const { ledger } = store
      expect(await ledger.settleUncertain('m1', 'accept')).toEqual({ kind: 'unknown' })
      await ledger.record([newRecord('m1')])
      expect(await ledger.settleUncertain('m1', 'accept')).toEqual({
        kind: 'not-uncertain',
        state: 'queued',
      })
    })

    test('takes the place of the plan; and a plan can be taken away', async () => {
      await using store = await open()
      const { ledger } = store
      const plan = { way: 'resend', afterMs: 1, atMost: 3 } as const
      for (const id of ['m1', 'm2']) {
        const fence = await fenceOf(ledger, id)
        await ledger.mark(id, fence, [0], 1, plan)
        await ledger.settle(id, fence, NO_ANSWER)
      }
      expect(await ledger.settleUncertain('m1', 'accept')).toMatchObject({ state: 'delivered' })
      expect(await ledger.settleUncertain('m2', 'hold')).toEqual({
        kind: 'held',
        state: 'uncertain',
      })
      expect(await claimOf(ledger, 'm2')).toEqual({
        kind: 'settled',
        state: 'uncertain',
        turned: 0,
      })
      expect(await ledger.dueUncertain(0, 10)).toEqual([])
    })

    test('is told in the timeline when it takes a plan away, and only then', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1')
      await ledger.mark('m1', fence, [0], 1, RESEND)
      await ledger.settle('m1', fence, NO_ANSWER)
      const held = { kind: 'held', state: 'uncertain' }
      expect(await ledger.settleUncertain('m1', 'hold')).toEqual(held)
      expect(await ledger.settleUncertain('m1', 'hold')).toEqual(held)
      const { entries = [] } = (await ledger.history('m1')) ?? {}
      expect(entries.filter(({ kind }) => kind === 'uncertain-held')).toHaveLength(1)
    })

    test('to send it often leaves few spans, which are as long as it was held', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const before = await ledger.get('m1')
      await resendTimes(ledger, 'm1', 50)
      const after = await ledger.get('m1')
      const { held = [] } = after ?? {}
      expect(held).toHaveLength(20)
      const moments = held.flatMap(({ from, to }) => [from, to])
      expect(moments.toSorted((a, b) => a - b)).toEqual(moments)
      const heldMs = held.reduce((sum, { from, to }) => sum + to - from, 0)
      const youngerMs = Number(after?.acceptedAt) - Number(before?.acceptedAt)
      // A store that counts microseconds cuts each moment off to a millisecond.
      expect(Math.abs(heldMs - youngerMs)).toBeLessThanOrEqual(50)
    })

    test('what is to be sent again and is not stays as uncertain as it was', async () => {
      await using store = await open()
      const { ledger } = store
      for (const id of ['cancelled', 'expired', 'deferred']) {
        const fence = await fenceOf(ledger, id)
        await ledger.settle(id, fence, NO_ANSWER)
        await ledger.settleUncertain(id, 'resend')
      }
      const tooLate = { kind: 'too-late', state: 'uncertain' }
      expect(await ledger.cancel('cancelled')).toEqual(tooLate)
      expect(await claimOf(ledger, 'cancelled')).toMatchObject({ state: 'uncertain' })

      const nothing = { outcomes: [], isAttempt: false } as const
      const expired = await fenceOf(ledger, 'expired')
      expect(await ledger.settle('expired', expired, { ...nothing, rest: 'expired' })).toEqual({
        applied: true,
        state: 'uncertain',
      })
      const tried = await fenceOf(ledger, 'deferred')
      await ledger.settle('deferred', tried, { outcomes: [deferred(0)], isAttempt: true })
      expect(await ledger.cancel('deferred')).toEqual(tooLate)
      const { records } = await ledger.list({ state: 'uncertain' })
      expect(records.map(({ id }) => id).toSorted()).toEqual(['cancelled', 'deferred', 'expired'])
    })

    test('a delivery after it leaves nothing of the doubt', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.settle('m1', await fenceOf(ledger, 'm1'), NO_ANSWER)
      await ledger.settleUncertain('m1', 'resend')
      const fence = await fenceOf(ledger, 'm1')
      expect(await ledger.mark('m1', fence, [0], LONG_MS, RESEND)).toBe(true)
      const settlement = { outcomes: [delivered(0)], isAttempt: true, last: OK }
      expect(await ledger.settle('m1', fence, settlement)).toEqual({
        applied: true,
        state: 'delivered',
      })
      expect(await ledger.get('m1')).toMatchObject({ attempts: 2, last: OK })
    })
  })
}
