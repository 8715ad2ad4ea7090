import { describe, expect, test } from 'vitest'

import type { Ledger, RecipientOutcome } from '../../src/ledger/ledger.ts'
import {
  claimOf,
  delivered,
  fenceOf,
  newRecord,
  NOBODY,
  refused,
  type OpenLedger,
} from './ledger-under-test.ts'

const ROUNDS = 50
const TWO = ['a@example.com', 'b@example.com']

function uncertain(index: number): RecipientOutcome {
  return { index, state: 'uncertain', stage: 'dot' }
}

/** Records a message and ends its only attempt. */
async function held(
  ledger: Ledger,
  outcomes: readonly RecipientOutcome[],
  rest?: 'expired' | 'refused',
): Promise<number> {
  await ledger.record([newRecord('m1', TWO)])
  const fence = await fenceOf(ledger, 'm1', TWO)
  await ledger.settle('m1', fence, { outcomes, isAttempt: true, ...(rest && { rest }) })
  return fence
}

/** What every ledger promises of messages that a person gives another try. */
export function testReopenings(open: OpenLedger): void {
  describe('reopen', () => {
    test('never says of what has just been refused that it is not held', async () => {
      await using store = await open()
      const { ledger } = store
      const ids = Array.from({ length: ROUNDS }, (_, round) => `m${round}`)
      for (const id of ids) {
        await ledger.record([newRecord(id)])
        const fence = await fenceOf(ledger, id)
        const [answer] = await Promise.all([
          ledger.reopen(id),
          ledger.settle(id, fence, { outcomes: [refused(0)], isAttempt: true }),
        ])
        expect(answer).not.toMatchObject({ state: 'refused' })
      }
    })

    test('only recipients without the message are tried again, and all counts begin anew', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await held(ledger, [delivered(0), refused(1)])
      const before = await ledger.get('m1')
      expect(await ledger.reopen('m1')).toEqual({ kind: 'reopened' })
      const record = await ledger.get('m1')
      expect(record).toMatchObject({
        state: 'deferred',
        attempts: 0,
        messageId: before?.messageId,
        recipients: [{ state: 'delivered' }, { state: 'pending', ...NOBODY }],
      })
      expect(record?.acceptedAt.getTime()).toBeGreaterThanOrEqual(before?.updatedAt.getTime() ?? 0)
      expect(record?.nextAttemptAt).toEqual(record?.updatedAt)
      expect((await ledger.list({ state: 'refused' })).records).toEqual([])
      expect(await ledger.countHeld(record?.connection ?? '')).toMatchObject({ refused: 0 })

      const claim = await claimOf(ledger, 'm1', { recipients: TWO })
      expect(claim).toMatchObject({ kind: 'claimed', pending: [1], attempts: 0, claims: 1 })
      expect(claim.kind === 'claimed' && claim.fence).toBeGreaterThan(fence)
    })

    test('an expired message and one that was set aside are tried again', async () => {
      for (const rest of ['expired', 'refused'] as const) {
        await using store = await open()
        const { ledger } = store
        await held(ledger, [], rest)
        expect(await ledger.reopen('m1')).toEqual({ kind: 'reopened' })
        expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'claimed', pending: [0, 1] })
      }
    })

    test('what may have arrived is tried again only when that was said', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await held(ledger, [uncertain(0), refused(1)])
      expect(await ledger.reopen('m1')).toEqual({ kind: 'not-held', state: 'uncertain' })
      expect(await ledger.reopen('m1', { evenIfUncertain: true })).toEqual({ kind: 'reopened' })
      expect(await ledger.countHeld(newRecord('m1').connection)).toMatchObject({ uncertain: 0 })
      // Whoever sent it at first comes too late to say how it ended.
      const late = { outcomes: [refused(0)], isAttempt: true }
      expect(await ledger.settle('m1', fence, late)).toEqual({ applied: false, state: 'deferred' })
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'claimed', pending: [0, 1] })
    })

    test('the settlement of a marker whose time was over comes too late', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const fence = await fenceOf(ledger, 'm1')
      await ledger.mark('m1', fence, [0], 0)
      await expect.poll(() => claimOf(ledger, 'm1')).toMatchObject({ state: 'uncertain' })
      expect(await ledger.reopen('m1', { evenIfUncertain: true })).toEqual({ kind: 'reopened' })
      const late = { outcomes: [delivered(0)], isAttempt: true }
      expect(await ledger.settle('m1', fence, late)).toEqual({ applied: false, state: 'deferred' })
    })

    test('of two who reopen one message at once, one does', async () => {
      await using store = await open()
      const { ledger } = store
      await held(ledger, [refused(0), refused(1)])
      const answers = await Promise.all([ledger.reopen('m1'), ledger.reopen('m1')])
      expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['not-held', 'reopened'])
    })

    test('a message that waits, was delivered or cancelled stays as it is', async () => {
      await using store = await open()
      const { ledger } = store
      const again = { evenIfUncertain: true }
      expect(await ledger.reopen('m1', again)).toEqual({ kind: 'unknown' })
      await held(ledger, [delivered(0), delivered(1)])
      expect(await ledger.reopen('m1', again)).toEqual({ kind: 'not-held', state: 'delivered' })
      await ledger.record([newRecord('m2')])
      expect(await ledger.reopen('m2', again)).toEqual({ kind: 'not-held', state: 'queued' })
      await ledger.cancel('m2')
      expect(await ledger.reopen('m2', again)).toEqual({ kind: 'not-held', state: 'cancelled' })
    })

    test('a reopened message can end again in every way', async () => {
      await using store = await open()
      const { ledger } = store
      await held(ledger, [refused(0), refused(1)])
      await ledger.reopen('m1')
      const fence = await fenceOf(ledger, 'm1', TWO)
      await ledger.settle('m1', fence, { outcomes: [delivered(0), refused(1)], isAttempt: true })
      expect((await ledger.list({ state: 'refused' })).records).toMatchObject([{ attempts: 1 }])
      await ledger.reopen('m1')
      expect(await ledger.cancel('m1')).toEqual({ kind: 'cancelled' })
      expect(await ledger.get('m1')).toMatchObject({
        state: 'cancelled',
        recipients: [{ state: 'delivered' }, { state: 'cancelled' }],
      })
    })
  })
}
