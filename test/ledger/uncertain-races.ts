import { describe, expect, test } from 'vitest'

import type { Ledger } from '../../src/ledger/ledger.ts'
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

const ROUNDS = 20
const DELIVERED = { outcomes: [delivered(0)], isAttempt: true, last: OK }
const REFUSED = { outcomes: [refused(0)], isAttempt: true }
const WITHDRAWN = { outcomes: [], isAttempt: false, retryInMs: 0 }

/** A message that a frozen worker has sent and that was held since; answers that worker's fence. */
async function held(ledger: Ledger, id: string): Promise<number> {
  await ledger.record([newRecord(id)])
  const fence = await markedAndGone(ledger, id)
  await claimsUntil(ledger, id, 'settled')
  return fence
}

/** What every ledger promises when the answer comes after all, whatever was decided meanwhile. */
export function testUncertainRaces(open: OpenLedger): void {
  test('a plan that is taken away when it is due is carried out, or is not', async () => {
    await using store = await open()
    const { ledger } = store
    // Long enough that it is seldom due when the attempt ends: then it is carried out there.
    const plan = { way: 'accept', afterMs: 300, atMost: 0 } as const
    const all = Array.from({ length: ROUNDS }, (_, round) => `m${round}`)
    const ids: string[] = []
    for (const id of all) {
      const fence = await fenceOf(ledger, id)
      await ledger.mark(id, fence, [0], 1, plan)
      await ledger.settle(id, fence, {
        outcomes: [{ index: 0, state: 'uncertain' }],
        isAttempt: true,
      })
      if ((await ledger.get(id))?.state === 'uncertain') ids.push(id)
    }
    expect(ids).not.toEqual([])
    await expect.poll(() => ledger.dueUncertain(0, ROUNDS)).toHaveLength(ids.length)
    const answers = await Promise.all(
      ids.map(async (id) => {
        const [hold, done] = await Promise.all([
          ledger.settleUncertain(id, 'hold'),
          ledger.settleUncertain(id, 'planned'),
          claimOf(ledger, id),
        ])
        return { hold: hold.kind, isDone: done.kind === 'settled', ...(await ledger.get(id)) }
      }),
    )
    for (const { hold, isDone, state, planned } of answers) {
      const isHeld = hold === 'held'
      expect({ hold, state, planned }).toEqual({
        hold: isHeld ? 'held' : 'not-uncertain',
        state: isHeld ? 'uncertain' : 'delivered',
        planned: undefined,
      })
      expect(isHeld && isDone).toBe(false)
    }
    expect(await ledger.dueUncertain(0, ROUNDS)).toEqual([])
  })

  describe('a late answer', () => {
    test('wins against acceptance: what was accepted is delivered, or refused and held', async () => {
      await using store = await open()
      const { ledger } = store
      for (const [settlement, state] of [
        [DELIVERED, 'delivered'],
        [REFUSED, 'refused'],
        // Its content is gone: nobody can send it again.
        [{ outcomes: [deferred(0)], isAttempt: true, retryInMs: 1 }, 'refused'],
      ] as const) {
        const id = `${state}-${settlement.outcomes[0]?.code}`
        const fence = await held(ledger, id)
        await ledger.settleUncertain(id, 'accept')
        const late = { applied: true, state, isLate: true }
        expect(await ledger.settle(id, fence, settlement)).toEqual(late)
        expect(await ledger.settle(id, fence, settlement)).toEqual(late)
        expect((await ledger.get(id))?.recipients[0]).toMatchObject({
          state,
          code: settlement.outcomes[0]?.code,
        })
      }
      expect(await ledger.countHeld(newRecord('m1').connection)).toMatchObject({ refused: 2 })
      expect((await ledger.list({ state: 'refused' })).records).toHaveLength(2)
    })

    test('that comes before the second sending was claimed leaves nothing to send', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await held(ledger, 'm1')
      await ledger.settleUncertain('m1', 'resend')
      const late = { applied: true, state: 'delivered', isLate: true }
      expect(await ledger.settle('m1', fence, DELIVERED)).toEqual(late)
      expect(await claimOf(ledger, 'm1')).toEqual({
        kind: 'settled',
        state: 'delivered',
        turned: 0,
      })
    })

    test('withdraws the second sending at its mark', async () => {
      await using store = await open()
      const { ledger } = store
      const first = await held(ledger, 'm1')
      await ledger.settleUncertain('m1', 'resend')
      const second = await fenceOf(ledger, 'm1')
      expect(await ledger.settle('m1', first, DELIVERED)).toEqual({
        applied: true,
        state: 'active',
        isLate: true,
      })
      expect(await ledger.mark('m1', second, [0], LONG_MS)).toBe(false)
      const settled = { applied: true, state: 'delivered' }
      expect(await ledger.settle('m1', second, WITHDRAWN)).toEqual(settled)
      expect((await ledger.get('m1'))?.recipients).toMatchObject([{ state: 'delivered', ...OK }])
    })

    test('counts when the second final dot has left only if it is a delivery', async () => {
      await using store = await open()
      const { ledger } = store
      for (const [id, settlement, state] of [
        ['m1', DELIVERED, 'delivered'],
        ['m2', REFUSED, 'uncertain'],
      ] as const) {
        const first = await held(ledger, id)
        await ledger.settleUncertain(id, 'resend')
        const second = await fenceOf(ledger, id)
        expect(await ledger.mark(id, second, [0], 1)).toBe(true)
        expect(await ledger.settle(id, first, settlement)).toMatchObject({ state: 'active' })
        // The second worker dies: what it would have heard is not known.
        expect(await claimsUntil(ledger, id, 'settled')).toMatchObject({ state })
      }
    })

    test('that is a refusal asks for no second sending, and one that is transient for one', async () => {
      await using store = await open()
      const { ledger } = store
      const refusal = await held(ledger, 'm1')
      await ledger.settleUncertain('m1', 'resend')
      expect(await ledger.settle('m1', refusal, REFUSED)).toMatchObject({ state: 'refused' })

      const transient = await held(ledger, 'm2')
      await ledger.settleUncertain('m2', 'resend')
      const busy = { outcomes: [deferred(0)], isAttempt: true, retryInMs: 1 }
      expect(await ledger.settle('m2', transient, busy)).toMatchObject({ state: 'deferred' })
      // Now it is known that it was not delivered: it may be cancelled.
      expect(await ledger.cancel('m2')).toEqual({ kind: 'cancelled' })
    })

    test('at the very moment of a second sending withdraws it, or comes behind its mark', async () => {
      await using store = await open()
      const { ledger } = store
      const rounds = Array.from({ length: ROUNDS }, async (_, round) => {
        const id = `m${round}`
        const first = await held(ledger, id)
        const secondSending = async (): Promise<boolean> => {
          await ledger.settleUncertain(id, 'resend')
          const claim = await claimOf(ledger, id)
          if (claim.kind !== 'claimed') return false
          const isMarked = await ledger.mark(id, claim.fence, [0], LONG_MS)
          await ledger.settle(id, claim.fence, isMarked ? REFUSED : WITHDRAWN)
          return isMarked
        }
        const [isSent, late] = await Promise.all([
          secondSending(),
          ledger.settle(id, first, DELIVERED),
        ])
        const state = (await ledger.get(id))?.state
        // Only a second answer that came before the late one may stand.
        expect([id, state]).toEqual([id, late.state === 'refused' ? 'refused' : 'delivered'])
        // Delivered at once: nobody had claimed it, and nobody sends it.
        expect([id, late.state === 'delivered' && isSent]).toEqual([id, false])
      })
      await Promise.all(rounds)
    })
  })

  test('of several decisions at once one holds', async () => {
    await using store = await open()
    const { ledger } = store
    const rounds = Array.from({ length: ROUNDS }, async (_, round) => {
      const id = `m${round}`
      await held(ledger, id)
      const decisions = ['accept', 'resend', 'accept', 'resend'] as const
      const answers = await Promise.all(
        decisions.map((decision) => ledger.settleUncertain(id, decision)),
      )
      const settled = answers.filter(({ kind }) => kind === 'settled')
      expect(settled).toHaveLength(1)
      expect(answers.filter(({ kind }) => kind === 'not-uncertain')).toHaveLength(3)
      const [only] = settled
      expect((await ledger.get(id))?.state).toBe(only?.kind === 'settled' && only.state)
    })
    await Promise.all(rounds)
  })
}
