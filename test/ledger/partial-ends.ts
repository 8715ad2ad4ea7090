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
  refused,
  type OpenLedger,
} from './ledger-under-test.ts'

const TO = ['ann@example.com', 'bob@example.com']
const LATER: UncertainPlan = { way: 'resend', afterMs: LONG_MS, atMost: 3 }
const AT_ONCE: UncertainPlan = { ...LATER, afterMs: 0 }

/** A message whose first recipient may have it, by a worker that is gone; the second one waits. */
async function halfUncertain(
  ledger: Ledger,
  id: string,
  plan?: UncertainPlan,
): Promise<{ readonly first: number; readonly fence: number }> {
  const first = await markedAndGone(ledger, id, [0], TO, plan)
  const claim = await claimsUntil(ledger, id, 'claimed')
  if (claim.kind !== 'claimed') throw new Error(`expected a claim, got "${claim.kind}"`)
  return { first, fence: claim.fence }
}

/** What every ledger promises of messages whose recipients come to different ends. */
export function testPartialEnds(open: OpenLedger): void {
  describe('a message whose recipients come to different ends', () => {
    test('is cancelled as often as somebody asks, whatever became of the others', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TO)])
      const fence = await fenceOf(ledger, 'm1', TO)
      const outcomes = [refused(0), deferred(1)]
      await ledger.settle('m1', fence, { outcomes, isAttempt: true, retryInMs: 0 })
      for (const _ of TO) expect(await ledger.cancel('m1')).toEqual({ kind: 'cancelled' })
      expect(await ledger.get('m1')).toMatchObject({ state: 'refused' })
    })

    test('is not sent again by a policy when it was too late to cancel it', async () => {
      await using store = await open()
      const { ledger } = store
      await markedAndGone(ledger, 'm1', [0], TO.slice(0, 1), LATER)
      await claimsUntil(ledger, 'm1', 'settled')
      expect(await ledger.get('m1')).toMatchObject({ planned: { way: 'resend' } })
      expect(await ledger.cancel('m1')).toEqual({ kind: 'too-late', state: 'uncertain' })
      const held = await ledger.get('m1')
      expect([held?.state, held?.planned]).toEqual(['uncertain', undefined])

      const fence = await fenceOf(ledger, 'm2', TO.slice(0, 1))
      expect(await ledger.mark('m2', fence, [0], 1, AT_ONCE)).toBe(true)
      expect(await ledger.cancel('m2')).toEqual({ kind: 'too-late', state: 'active' })
      await claimsUntil(ledger, 'm2', 'settled')
      const left = await ledger.get('m2')
      expect([left?.state, left?.planned]).toEqual(['uncertain', undefined])
    })

    test('is not sent again by a policy when the rest was cancelled or superseded', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TO), { ...newRecord('m2', TO), supersedes: 'code' }])
      for (const id of ['m1', 'm2']) await halfUncertain(ledger, id, LATER)
      expect(await ledger.cancel('m1')).toEqual({ kind: 'cancelled' })
      await ledger.record([{ ...newRecord('m3', TO), supersedes: 'code' }])
      expect(await ledger.supersede('m2')).toBe(true)
      for (const id of ['m1', 'm2']) {
        const record = await ledger.get(id)
        expect([id, record?.state, record?.planned]).toEqual([id, 'uncertain', undefined])
      }
    })

    test('tells who settles the rest when the plan for the others is due', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TO)])
      const { fence } = await halfUncertain(ledger, 'm1', LATER)
      const settlement = { outcomes: [delivered(1)], isAttempt: true, last: OK }
      const { state, dueInMs } = await ledger.settle('m1', fence, settlement)
      expect(state).toBe('uncertain')
      expect(dueInMs).toBeGreaterThan(LONG_MS / 2)
    })

    test('does not age while it is held, also when a late answer comes for some', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TO)])
      const first = await markedAndGone(ledger, 'm1', [0, 1], TO)
      await claimsUntil(ledger, 'm1', 'settled')
      const heldAt = (await ledger.get('m1'))?.updatedAt.getTime() ?? 0
      await expect.poll(() => Date.now()).toBeGreaterThan(heldAt + 20)
      await ledger.settle('m1', first, { outcomes: [delivered(0)], isAttempt: true, last: OK })
      await ledger.settleUncertain('m1', 'resend')
      const claim = await claimOf(ledger, 'm1', { recipients: TO })
      const [span] = claim.kind === 'claimed' ? (claim.held ?? []) : []
      expect(span?.from).toBeGreaterThanOrEqual(heldAt)
      expect(span?.from).toBeLessThan(heldAt + 20)
    })

    test('is held as somebody said, also when another one becomes uncertain', async () => {
      await using store = await open()
      const { ledger } = store
      for (const [id, plan] of [
        ['m1', LATER],
        ['m2', undefined],
      ] as const) {
        await ledger.record([newRecord(id, TO)])
        const { fence } = await halfUncertain(ledger, id, plan)
        expect(await ledger.settleUncertain(id, 'hold')).toMatchObject({ kind: 'held' })
        await ledger.mark(id, fence, [1], 1, AT_ONCE)
        expect(await claimsUntil(ledger, id, 'settled')).toMatchObject({ state: 'uncertain' })
        expect((await ledger.get(id))?.planned).toBeUndefined()
        // Somebody has decided: what comes then is planned again.
        await ledger.settleUncertain(id, 'resend')
        const again = await fenceOf(ledger, id, TO)
        await ledger.mark(id, again, [0, 1], 1, LATER)
        expect(await claimsUntil(ledger, id, 'settled')).toMatchObject({ state: 'uncertain' })
        expect(await ledger.get(id)).toMatchObject({ planned: { way: 'resend' } })
      }
    })

    test('is planned again for others when all whom somebody held were answered late', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TO)])
      const { first, fence } = await halfUncertain(ledger, 'm1', LATER)
      await ledger.settleUncertain('m1', 'hold')
      await ledger.settle('m1', first, { outcomes: [delivered(0)], isAttempt: true, last: OK })
      await ledger.mark('m1', fence, [1], 1, LATER)
      await claimsUntil(ledger, 'm1', 'settled')
      expect(await ledger.get('m1')).toMatchObject({ planned: { way: 'resend' } })
    })

    test('counts once what turned uncertain behind a newer message', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([{ ...newRecord('m1', TO), supersedes: 'code' }])
      const { fence } = await halfUncertain(ledger, 'm1', LATER)
      await ledger.mark('m1', fence, [1], 1, LATER)
      await ledger.record([{ ...newRecord('m2', TO), supersedes: 'code' }])
      expect(await claimsUntil(ledger, 'm1', 'settled')).toEqual({
        kind: 'settled',
        state: 'uncertain',
        turned: 1,
      })
    })
  })

  describe('a claim', () => {
    test('begins the count of claims anew when the one before came to a final dot', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      await markedAndGone(ledger, 'm1', [0], undefined, AT_ONCE)
      expect(await claimsUntil(ledger, 'm1', 'claimed')).toMatchObject({ claims: 1, turned: 1 })
    })

    test('through another manager than may have sent it takes it from nobody', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TO)])
      const request = { id: 'm1', worker: 'worker', connection: newRecord('m1').connection }
      const claimBy = (manager: string): ReturnType<Ledger['claim']> =>
        ledger.claim({ ...request, recipients: TO, manager })
      const claim = await claimBy('north')
      const fence = claim.kind === 'claimed' ? claim.fence : 0
      await ledger.mark('m1', fence, [0], 1, AT_ONCE)
      const doubt = { outcomes: [{ index: 0, state: 'uncertain' }], isAttempt: true } as const
      await ledger.settle('m1', fence, { ...doubt, more: true })
      // It comes when the plan is due.
      await expect.poll(() => claimBy('south')).toMatchObject({ kind: 'elsewhere', done: {} })
      const rest = { outcomes: [delivered(1)], isAttempt: true, retryInMs: 0, last: OK }
      expect(await ledger.settle('m1', fence, rest)).toMatchObject({ state: 'deferred' })
      expect((await ledger.get('m1'))?.recipients[1]).toMatchObject({ state: 'delivered' })
    })

    test('finds that a worker died although nothing was left for it to send', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const first = await markedAndGone(ledger, 'm1')
      await claimsUntil(ledger, 'm1', 'settled')
      await ledger.settleUncertain('m1', 'resend')
      await fenceOf(ledger, 'm1')
      await ledger.settle('m1', first, { outcomes: [delivered(0)], isAttempt: true, last: OK })
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'settled', state: 'delivered' })
      const kinds = (await ledger.history('m1'))?.entries.map(({ kind }) => kind)
      expect(kinds?.at(-1)).toBe('died')
    })
  })
}
