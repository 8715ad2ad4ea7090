import { describe, expect, test } from 'vitest'

import type { Ledger, MessageState, RecipientState } from '../../src/ledger/ledger.ts'
import {
  BUSY,
  claimOf,
  claimsUntil,
  deferred,
  delivered,
  fenceOf,
  LONG_MS,
  markedAndGone,
  newRecord,
  NOBODY,
  OK,
  refused,
} from './ledger-under-test.ts'
import type { OpenLedger } from './ledger-under-test.ts'

const TWO = ['a@example.com', 'b@example.com']
const THREE = [...TWO, 'c@example.com']

/** What every ledger promises of settlements, of late ones, and of the lists of what is held. */
export function testSettlements(open: OpenLedger): void {
  describe('settle', () => {
    test('a delivered message keeps its codes and no text of success', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const fence = await fenceOf(ledger, 'm1')
      await ledger.mark('m1', fence, [0], LONG_MS)
      const text = '2.0.0 queued as 4F3A'
      expect(
        await ledger.settle('m1', fence, {
          outcomes: [{ ...delivered(0), text }],
          isAttempt: true,
          last: { ...OK, text },
        }),
      ).toEqual({ applied: true, state: 'delivered' })
      expect(await ledger.get('m1')).toMatchObject({
        state: 'delivered',
        attempts: 1,
        claims: 0,
        nextAttemptAt: undefined,
      })
      expect((await ledger.get('m1'))?.recipients).toEqual([
        { address: 'ann@example.com', state: 'delivered', ...OK },
      ])
      expect((await ledger.get('m1'))?.last).toEqual(OK)
    })

    test('deferred recipients alone are tried again', async () => {
      await using store = await open()
      const { ledger } = store
      const first = await fenceOf(ledger, 'm1', TWO)
      await ledger.mark('m1', first, [0], LONG_MS)
      const settlement = {
        outcomes: [delivered(0), deferred(1)],
        isAttempt: true,
        retryInMs: LONG_MS,
        last: BUSY,
      }
      expect(await ledger.settle('m1', first, settlement)).toEqual({
        applied: true,
        state: 'deferred',
      })
      const record = await ledger.get('m1')
      expect(record).toMatchObject({
        attempts: 1,
        recipients: [
          { state: 'delivered', ...OK },
          { state: 'pending', ...BUSY },
        ],
        last: BUSY,
      })
      const waitMs = (record?.nextAttemptAt?.getTime() ?? 0) - (record?.updatedAt.getTime() ?? 0)
      expect(Math.abs(waitMs - LONG_MS)).toBeLessThan(1000)

      const claim = await claimOf(ledger, 'm1')
      expect(claim).toMatchObject({ kind: 'claimed', pending: [1], attempts: 1 })
      const fence = claim.kind === 'claimed' ? claim.fence : 0
      expect((await ledger.get('m1'))?.nextAttemptAt).toBeUndefined()
      await ledger.mark('m1', fence, [1], LONG_MS)
      expect(
        await ledger.settle('m1', fence, { outcomes: [delivered(1)], isAttempt: true }),
      ).toEqual({ applied: true, state: 'delivered' })
      expect(await ledger.get('m1')).toMatchObject({ attempts: 2, last: BUSY })
    })

    test.for<[one: RecipientState, other: RecipientState, overall: MessageState]>([
      ['delivered', 'delivered', 'delivered'],
      ['delivered', 'refused', 'refused'],
      ['refused', 'pending', 'deferred'],
      ['uncertain', 'pending', 'deferred'],
      ['refused', 'uncertain', 'uncertain'],
      ['delivered', 'expired', 'expired'],
      ['expired', 'refused', 'refused'],
      ['cancelled', 'delivered', 'cancelled'],
      ['cancelled', 'expired', 'expired'],
    ])('recipients that are %s and %s make a message %s', async ([one, other, overall]) => {
      await using store = await open()
      const fence = await fenceOf(store.ledger, 'm1', TWO)
      const outcomes = [
        { index: 0, state: one },
        { index: 1, state: other },
      ]
      const settled = await store.ledger.settle('m1', fence, { outcomes, isAttempt: true })
      expect(settled).toEqual({ applied: true, state: overall })
      expect(await store.ledger.get('m1')).toMatchObject({ state: overall })
    })

    test('two transactions of one attempt keep the claim, and count as one', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1', TWO)
      const first = { outcomes: [delivered(0)], isAttempt: true, more: true } as const
      await ledger.mark('m1', fence, [0], LONG_MS)
      expect(await ledger.settle('m1', fence, first)).toEqual({ applied: true, state: 'active' })
      expect(await ledger.settle('m1', fence, first)).toEqual({ applied: true, state: 'active' })
      expect(await ledger.mark('m1', fence, [1], LONG_MS)).toBe(true)
      expect(
        await ledger.settle('m1', fence, { outcomes: [delivered(1)], isAttempt: true }),
      ).toEqual({ applied: true, state: 'delivered' })
      expect(await ledger.get('m1')).toMatchObject({ attempts: 1 })
    })

    test('a worker that died after its last transaction leaves a settled message', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1')
      await ledger.settle('m1', fence, { outcomes: [refused(0)], isAttempt: true, more: true })
      expect(await claimOf(ledger, 'm1')).toEqual({ kind: 'settled', state: 'refused', turned: 0 })
      expect(await ledger.get('m1')).toMatchObject({ state: 'refused' })
    })

    test('the rest of the recipients ends as said', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1', TWO)
      const outcomes = [delivered(0), deferred(1)]
      expect(
        await ledger.settle('m1', fence, { outcomes, rest: 'expired', isAttempt: true }),
      ).toEqual({ applied: true, state: 'expired' })
      expect(await ledger.get('m1')).toMatchObject({
        recipients: [{ state: 'delivered' }, { state: 'expired', ...BUSY }],
      })
      const second = await fenceOf(ledger, 'm2', TWO)
      expect(
        await ledger.settle('m2', second, {
          outcomes: [],
          rest: 'refused',
          isAttempt: false,
          last: { rule: 'local.set-aside' },
        }),
      ).toEqual({ applied: true, state: 'refused' })
      expect(await ledger.get('m2')).toMatchObject({
        attempts: 0,
        last: { rule: 'local.set-aside' },
      })
    })

    test.for(['delivered', 'pending', 'refused', 'uncertain'] as const)(
      'the same settlement as %s twice changes nothing and is applied',
      async (state) => {
        await using store = await open()
        const { ledger } = store
        const fence = await fenceOf(ledger, 'm1')
        await ledger.mark('m1', fence, [0], LONG_MS)
        const outcome = { index: 0, state, ...BUSY }
        const settlement = { outcomes: [outcome], isAttempt: true, retryInMs: 5, last: BUSY }
        const settled = await ledger.settle('m1', fence, settlement)
        const record = await ledger.get('m1')
        expect(await ledger.settle('m1', fence, settlement)).toEqual(settled)
        expect(settled.applied).toBe(true)
        expect(await ledger.get('m1')).toEqual(record)
      },
    )

    test('what a server said of a recipient is replaced by what it says later', async () => {
      await using store = await open()
      const { ledger } = store
      const first = await fenceOf(ledger, 'm1')
      await ledger.settle('m1', first, { outcomes: [deferred(0)], isAttempt: true, last: BUSY })
      const second = await fenceOf(ledger, 'm1')
      const outcomes = [{ index: 0, state: 'delivered' }] as const
      await ledger.settle('m1', second, { outcomes, isAttempt: true })
      expect((await ledger.get('m1'))?.recipients).toEqual([
        { address: 'ann@example.com', state: 'delivered' },
      ])
    })

    test('a message that is not there cannot be settled', async () => {
      await using store = await open()
      const settlement = { outcomes: [delivered(0)], isAttempt: true, last: OK }
      const nothing = { applied: false, state: 'queued' }
      expect(await store.ledger.settle('m1', 1, settlement)).toEqual(nothing)
      await store.ledger.record([newRecord('m1')])
      expect(await store.ledger.settle('m1', 0, settlement)).toEqual(nothing)
    })

    test('texts are cut between characters at 200 bytes', async () => {
      await using store = await open()
      const fence = await fenceOf(store.ledger, 'm1')
      const text = `x${'ü'.repeat(500)}`
      const last = { code: 550, text: 'é\u0000\n"\\' }
      const outcomes = [{ ...refused(0), text }]
      await store.ledger.settle('m1', fence, { outcomes, isAttempt: true, last })
      const record = await store.ledger.get('m1')
      expect(record?.recipients[0]?.text).toBe(`x${'ü'.repeat(99)}`)
      expect(record?.last).toEqual(last)
    })
  })

  describe('uncertain', () => {
    test('when the time of a mark is over, a claim makes its recipients uncertain', async () => {
      await using store = await open()
      const { ledger } = store
      await markedAndGone(ledger, 'm1', [0], ['ann@example.com'])
      const first = await claimsUntil(ledger, 'm1', 'settled')
      expect(first).toEqual({ kind: 'settled', state: 'uncertain', turned: 1 })
      expect(await claimOf(ledger, 'm1')).toEqual({ ...first, turned: 0 })
      expect(await ledger.get('m1')).toMatchObject({
        state: 'uncertain',
        claims: 0,
        recipients: [{ state: 'uncertain' }],
      })
      expect(await ledger.cancel('m1')).toEqual({ kind: 'too-late', state: 'uncertain' })
    })

    test('a late settlement by the marker still wins, also the second time', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await markedAndGone(ledger, 'm1', [0], ['ann@example.com'])
      await claimsUntil(ledger, 'm1', 'settled')
      expect(await ledger.countHeld('Relay "München": 1')).toMatchObject({ uncertain: 1 })
      const settlement = { outcomes: [delivered(0)], isAttempt: true, last: OK }
      const applied = { applied: true, state: 'delivered', isLate: true }
      expect(await ledger.settle('m1', fence, settlement)).toEqual(applied)
      expect(await ledger.settle('m1', fence, settlement)).toEqual(applied)
      expect(await ledger.get('m1')).toMatchObject({ state: 'delivered', attempts: 1 })
      expect((await ledger.list({ state: 'uncertain' })).records).toEqual([])
      expect(await ledger.countHeld('Relay "München": 1')).toMatchObject({ uncertain: 0 })
    })

    test('an earlier holder does not win late', async () => {
      await using store = await open()
      const { ledger } = store
      const frozen = await fenceOf(ledger, 'm1')
      await markedAndGone(ledger, 'm1', [0], ['ann@example.com'])
      await claimsUntil(ledger, 'm1', 'settled')
      const settlement = { outcomes: [delivered(0)], isAttempt: true, last: OK }
      expect(await ledger.settle('m1', frozen, settlement)).toEqual({
        applied: false,
        state: 'uncertain',
      })
    })

    test('the other recipients go on while some are uncertain, and each marker wins its own', async () => {
      await using store = await open()
      const { ledger } = store
      const first = await markedAndGone(ledger, 'm1', [0], THREE)
      const second = await claimsUntil(ledger, 'm1', 'claimed')
      expect(second).toMatchObject({ kind: 'claimed', pending: [1, 2], claims: 2 })
      const fence = second.kind === 'claimed' ? second.fence : 0
      expect(await ledger.mark('m1', first, [1], LONG_MS)).toBe(false)
      await ledger.mark('m1', fence, [1], 1)
      const third = await claimsUntil(ledger, 'm1', 'claimed')
      expect(third).toMatchObject({ kind: 'claimed', pending: [2], claims: 3 })

      // Both wake up: the first also tells of a recipient that is not its own any more.
      expect(
        await ledger.settle('m1', first, {
          outcomes: [delivered(0), delivered(1), delivered(2)],
          isAttempt: true,
        }),
      ).toEqual({ applied: true, state: 'active', isLate: true })
      expect(await ledger.get('m1')).toMatchObject({
        recipients: [{ state: 'delivered' }, { state: 'uncertain' }, { state: 'pending' }],
      })
      const last = third.kind === 'claimed' ? third.fence : 0
      expect(await ledger.mark('m1', last, [2], LONG_MS)).toBe(true)
      expect(
        await ledger.settle('m1', last, { outcomes: [delivered(2)], isAttempt: true }),
      ).toEqual({ applied: true, state: 'uncertain' })
      expect(await ledger.settle('m1', fence, { outcomes: [refused(1)], isAttempt: true })).toEqual(
        {
          applied: true,
          state: 'refused',
          isLate: true,
        },
      )
      expect(await ledger.get('m1')).toMatchObject({
        attempts: 3,
        recipients: [
          { state: 'delivered' },
          { state: 'refused', ...NOBODY },
          { state: 'delivered' },
        ],
      })
    })

    test('a late answer that asks for a retry brings the message back', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await markedAndGone(ledger, 'm1', [0], TWO)
      await claimsUntil(ledger, 'm1', 'claimed')
      await ledger.cancel('m1')
      const settlement = { outcomes: [deferred(0)], isAttempt: true, retryInMs: LONG_MS }
      expect(await ledger.settle('m1', fence, settlement)).toEqual({
        applied: true,
        state: 'cancelled',
        isLate: true,
      })
      const other = await markedAndGone(ledger, 'm2', [0], ['ann@example.com'])
      await claimsUntil(ledger, 'm2', 'settled')
      expect(await ledger.settle('m2', other, settlement)).toEqual({
        applied: true,
        state: 'deferred',
        isLate: true,
      })
      expect((await ledger.get('m2'))?.nextAttemptAt).toBeInstanceOf(Date)
      expect(await claimOf(ledger, 'm2')).toMatchObject({ kind: 'claimed', pending: [0] })
      expect((await ledger.list({ state: 'uncertain' })).records).toEqual([])
    })
  })

  describe('held', () => {
    test('held messages are listed page by page, oldest first, and counted', async () => {
      await using store = await open()
      const { ledger } = store
      const ids = Array.from({ length: 25 }, (_, i) => `m${(i * 7) % 25}`)
      for (const id of ids) await end(ledger, id, 'refused')
      await end(ledger, 'other', 'expired')
      await end(ledger, 'fine', 'delivered')

      for (const connection of [undefined, 'Relay "München": 1']) {
        const seen: string[] = []
        let cursor: string | undefined
        do {
          const page = await ledger.list({
            state: 'refused',
            limit: 10,
            ...(connection !== undefined && { connection }),
            ...(cursor !== undefined && { cursor }),
          })
          expect(page.records.every(({ state }) => state === 'refused')).toBe(true)
          seen.push(...page.records.map(({ id }) => id))
          cursor = page.cursor
        } while (cursor !== undefined)
        expect(seen.toSorted()).toEqual(ids.toSorted())
        expect(seen[0]).toBe(ids[0])
      }
      expect(await ledger.list({ state: 'refused', connection: 'another' })).toEqual({
        records: [],
        cursor: undefined,
      })
      expect(await ledger.countHeld('Relay "München": 1')).toEqual({
        uncertain: 0,
        refused: 25,
        expired: 1,
      })
      expect(await ledger.countHeld('another')).toEqual({ uncertain: 0, refused: 0, expired: 0 })
    })

    test('a cursor that no page gave is refused', async () => {
      await using store = await open()
      await expect(store.ledger.list({ state: 'refused', cursor: 'x' })).rejects.toMatchObject({
        code: 'INVALID_CURSOR',
      })
    })
  })
}

async function end(
  ledger: Ledger,
  id: string,
  state: 'refused' | 'expired' | 'delivered',
): Promise<void> {
  const fence = await fenceOf(ledger, id)
  await ledger.settle(id, fence, { outcomes: [{ index: 0, state }], isAttempt: true })
}
