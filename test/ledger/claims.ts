import { describe, expect, test } from 'vitest'

import { claimOf, delivered, deferred, fenceOf, LONG_MS, newRecord } from './ledger-under-test.ts'
import type { OpenLedger } from './ledger-under-test.ts'

/** What every ledger promises of recording, claiming, marking and cancelling. */
export function testClaims(open: OpenLedger): void {
  describe('record', () => {
    test('a message is known from its enqueue on, with everything that was said', async () => {
      await using store = await open()
      const before = Date.now()
      const entry = newRecord('m1', ['ann@example.com', 'jörg@münchen.example'])
      expect(await store.ledger.record([entry])).toEqual([{ kind: 'recorded' }])
      const record = await store.ledger.get('m1')
      expect(record).toEqual({
        id: 'm1',
        connection: entry.connection,
        state: 'queued',
        messageId: '<m1@example.com>',
        acceptedAt: expect.any(Date),
        updatedAt: expect.any(Date),
        nextAttemptAt: undefined,
        attempts: 0,
        claims: 0,
        recipients: [
          { address: 'ann@example.com', state: 'pending' },
          { address: 'jörg@münchen.example', state: 'pending' },
        ],
        last: undefined,
      })
      expect(Math.abs((record?.acceptedAt.getTime() ?? 0) - before)).toBeLessThan(10_000)
      expect(await store.ledger.get('m2')).toBeUndefined()
    })

    test('many messages get one answer each, in order', async () => {
      await using store = await open()
      const entries = Array.from({ length: 250 }, (_, i) => newRecord(`m${i}`))
      await store.ledger.record(entries.slice(7, 9))
      const answers = await store.ledger.record([...entries, newRecord('m0')])
      const known = answers.flatMap(({ kind }, i) => (kind === 'known' ? i : []))
      expect(known).toEqual([7, 8, 250])
      expect(answers.filter(({ kind }) => kind === 'recorded')).toHaveLength(248)
      expect(await store.ledger.record([])).toEqual([])
    })

    test('the same id with other content is a conflict, and changes nothing', async () => {
      await using store = await open()
      const other = { ...newRecord('m1', ['eve@example.com']), digest: 'another' }
      expect(await store.ledger.record([newRecord('m1'), other])).toEqual([
        { kind: 'recorded' },
        { kind: 'conflict' },
      ])
      expect(await store.ledger.record([other])).toEqual([{ kind: 'conflict' }])
      expect((await store.ledger.get('m1'))?.recipients[0]?.address).toBe('ann@example.com')
    })

    test('of twenty at once exactly one records', async () => {
      await using store = await open()
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => store.ledger.record([newRecord('m1')])),
      )
      expect(answers.flat().filter(({ kind }) => kind === 'recorded')).toHaveLength(1)
      expect(answers.flat().filter(({ kind }) => kind === 'known')).toHaveLength(19)
    })

    test('a job may be missing until a worker claims, and never of a final message', async () => {
      await using store = await open()
      const { ledger } = store
      const again = async (id: string): Promise<unknown> =>
        (await ledger.record([newRecord(id)]))[0]
      await ledger.record([newRecord('m1'), newRecord('m2')])
      expect(await again('m1')).toEqual({ kind: 'known', state: 'queued', enqueueAgain: true })
      const fence = await fenceOf(ledger, 'm1')
      expect(await again('m1')).toEqual({ kind: 'known', state: 'active', enqueueAgain: false })
      await ledger.settle('m1', fence, { outcomes: [delivered(0)], isAttempt: true })
      expect(await again('m1')).toEqual({ kind: 'known', state: 'delivered', enqueueAgain: false })
      await ledger.cancel('m2')
      expect(await again('m2')).toEqual({ kind: 'known', state: 'cancelled', enqueueAgain: false })
    })

    test('a message can be forgotten until a worker claims it', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1'), newRecord('m2')])
      await ledger.forget('m1')
      expect(await ledger.get('m1')).toBeUndefined()
      expect(await ledger.record([newRecord('m1')])).toEqual([{ kind: 'recorded' }])
      const fence = await fenceOf(ledger, 'm2')
      await ledger.forget('m2')
      expect(await ledger.mark('m2', fence, [0], LONG_MS)).toBe(true)
      await ledger.forget('absent')
    })
  })

  describe('claim', () => {
    test('a job of another request under the same id gets nothing, and changes nothing', async () => {
      await using store = await open()
      const own = { digest: newRecord('m1').digest }
      const other = { digest: 'another' }
      await store.ledger.record([newRecord('m1')])
      expect(await claimOf(store.ledger, 'm1', other)).toEqual({ kind: 'conflict' })
      expect(await store.ledger.get('m1')).toMatchObject({ state: 'queued', claims: 0 })
      const claim = await claimOf(store.ledger, 'm1', own)
      expect(claim).toMatchObject({ kind: 'claimed', claims: 1 })
      const fence = claim.kind === 'claimed' ? claim.fence : 0
      expect(await claimOf(store.ledger, 'm1', other)).toEqual({ kind: 'conflict' })
      expect(await store.ledger.mark('m1', fence, [0], LONG_MS)).toBe(true)
      await store.ledger.settle('m1', fence, { outcomes: [delivered(0)], isAttempt: true })
      expect(await claimOf(store.ledger, 'm1', other)).toEqual({ kind: 'conflict' })
      expect(await claimOf(store.ledger, 'm1', own)).toMatchObject({ state: 'delivered' })
    })

    test('a record that a claim had to create is that of the request that is recorded', async () => {
      await using store = await open()
      const own = { digest: newRecord('m1').digest }
      expect(await claimOf(store.ledger, 'm1', own)).toMatchObject({ kind: 'claimed' })
      expect(await store.ledger.record([newRecord('m1')])).toMatchObject([{ kind: 'known' }])
      expect(await claimOf(store.ledger, 'm1', { digest: 'another' })).toEqual({ kind: 'conflict' })
      expect(await claimOf(store.ledger, 'm1', own)).toMatchObject({ kind: 'claimed' })
    })

    test('a claim creates a record that is absent, and the producer completes it', async () => {
      await using store = await open()
      const { ledger } = store
      const recipients = ['ann@example.com', 'bob@example.com']
      expect(await claimOf(ledger, 'm1', { recipients })).toEqual({
        kind: 'claimed',
        fence: expect.any(Number),
        pending: [0, 1],
        attempts: 0,
        claims: 1,
        breaks: 0,
        ageMs: expect.any(Number),
        turned: 0,
      })
      expect(await ledger.get('m1')).toMatchObject({ state: 'active', messageId: undefined })
      expect(await ledger.record([newRecord('m1', recipients)])).toEqual([
        { kind: 'known', state: 'active', enqueueAgain: false },
      ])
      expect(await ledger.get('m1')).toMatchObject({ messageId: '<m1@example.com>', claims: 1 })
      expect(await ledger.record([{ ...newRecord('m1'), digest: 'another' }])).toEqual([
        { kind: 'conflict' },
      ])
    })

    test('claims without settlement are counted, and age is the time since the record', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      await claimOf(ledger, 'm1')
      expect(await claimOf(ledger, 'm1')).toMatchObject({ claims: 2, attempts: 0 })
      const fence = await fenceOf(ledger, 'm1')
      await ledger.settle('m1', fence, { outcomes: [deferred(0)], isAttempt: true, retryInMs: 1 })
      expect(await claimOf(ledger, 'm1')).toMatchObject({ claims: 1, attempts: 1 })
      await expect
        .poll(async () => {
          const claim = await claimOf(ledger, 'm1')
          return claim.kind === 'claimed' && claim.ageMs
        })
        .toBeGreaterThan(50)
    })

    test('attempts in a row that broke the session are counted, until one does not', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const attempt = { outcomes: [deferred(0)], isAttempt: true, retryInMs: 1 }
      for (const breaks of [0, 1, 2]) {
        expect(await claimOf(ledger, 'm1')).toMatchObject({ breaks })
        const fence = await fenceOf(ledger, 'm1')
        await ledger.settle('m1', fence, { ...attempt, isBreak: true })
      }
      const returned = { outcomes: [], isAttempt: false, retryInMs: 1 }
      await ledger.settle('m1', await fenceOf(ledger, 'm1'), returned)
      expect(await claimOf(ledger, 'm1')).toMatchObject({ breaks: 3 })
      await ledger.settle('m1', await fenceOf(ledger, 'm1'), attempt)
      expect(await claimOf(ledger, 'm1')).toMatchObject({ breaks: 0 })
    })

    test('twenty claims at once get twenty fences, and only the last may mark', async () => {
      await using store = await open()
      const { ledger } = store
      const fences = await Promise.all(Array.from({ length: 20 }, () => fenceOf(ledger, 'm1')))
      expect(new Set(fences).size).toBe(20)
      const marks = await Promise.all(
        fences.map(async (fence) => ((await ledger.mark('m1', fence, [0], LONG_MS)) ? fence : [])),
      )
      expect(marks.flat()).toEqual([Math.max(...fences)])
    })

    test('a frozen holder that wakes up cannot mark or settle', async () => {
      await using store = await open()
      const { ledger } = store
      const frozen = await fenceOf(ledger, 'm1')
      const fence = await fenceOf(ledger, 'm1')
      expect(fence).toBeGreaterThan(frozen)
      expect(await ledger.mark('m1', frozen, [0], LONG_MS)).toBe(false)
      expect(
        await ledger.settle('m1', frozen, { outcomes: [deferred(0)], isAttempt: true }),
      ).toEqual({ applied: false, state: 'active' })
      expect(await ledger.mark('m1', fence, [0], LONG_MS)).toBe(true)
    })

    test('a fence is never used twice, also when the store lost the record', async () => {
      await using store = await open()
      const fence = await fenceOf(store.ledger, 'm1')
      await store.lose('m1')
      expect(await fenceOf(store.ledger, 'm1')).toBeGreaterThan(fence)
      expect(await store.ledger.mark('m1', fence, [0], LONG_MS)).toBe(false)
    })

    test('what is settled cannot be claimed', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1')
      await ledger.mark('m1', fence, [0], LONG_MS)
      await ledger.settle('m1', fence, { outcomes: [delivered(0)], isAttempt: true })
      expect(await claimOf(ledger, 'm1')).toEqual({
        kind: 'settled',
        state: 'delivered',
        turned: 0,
      })
      expect(await ledger.mark('m1', fence, [0], LONG_MS)).toBe(false)
    })
  })

  describe('mark', () => {
    test('a marked message cannot be claimed before its time is over', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1')
      expect(await ledger.mark('m1', fence, [0], LONG_MS)).toBe(true)
      const claim = await claimOf(ledger, 'm1')
      expect(claim).toEqual({ kind: 'in-doubt', retryInMs: expect.any(Number) })
      const retryInMs = claim.kind === 'in-doubt' ? claim.retryInMs : 0
      expect(retryInMs).toBeGreaterThan(LONG_MS - 10_000)
      expect(retryInMs).toBeLessThanOrEqual(LONG_MS)
      expect(await ledger.mark('m1', fence, [0], LONG_MS)).toBe(false)
    })

    test('only pending recipients can be marked, and at least one', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1', ['a@example.com', 'b@example.com'])
      await ledger.settle('m1', fence, { outcomes: [delivered(1)], isAttempt: true, more: true })
      expect(await ledger.mark('m1', fence, [0, 1], LONG_MS)).toBe(false)
      expect(await ledger.mark('m1', fence, [2], LONG_MS)).toBe(false)
      expect(await ledger.mark('m1', fence, [], LONG_MS)).toBe(false)
      expect(await ledger.mark('m1', fence, [0], LONG_MS)).toBe(true)
    })

    test('a holder that has settled cannot mark any more', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1')
      await ledger.settle('m1', fence, { outcomes: [deferred(0)], isAttempt: true, retryInMs: 1 })
      expect(await ledger.mark('m1', fence, [0], LONG_MS)).toBe(false)
    })

    test('nothing that was never claimed can be marked', async () => {
      await using store = await open()
      await store.ledger.record([newRecord('m1')])
      expect(await store.ledger.mark('m1', 0, [0], LONG_MS)).toBe(false)
      expect(await store.ledger.mark('absent', 1, [0], LONG_MS)).toBe(false)
    })
  })

  describe('cancel', () => {
    test('a waiting message is cancelled, and no worker gets it', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      expect(await ledger.cancel('m1')).toEqual({ kind: 'cancelled' })
      expect(await ledger.cancel('m1')).toEqual({ kind: 'cancelled' })
      expect(await claimOf(ledger, 'm1')).toEqual({
        kind: 'settled',
        state: 'cancelled',
        turned: 0,
      })
      expect(await ledger.get('m1')).toMatchObject({ recipients: [{ state: 'cancelled' }] })
      expect(await ledger.cancel('absent')).toEqual({ kind: 'unknown' })
    })

    test('a claimed message is cancelled, and its holder can neither mark nor settle', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1')
      expect(await ledger.cancel('m1')).toEqual({ kind: 'cancelled' })
      expect(await ledger.mark('m1', fence, [0], LONG_MS)).toBe(false)
      expect(
        await ledger.settle('m1', fence, { outcomes: [deferred(0)], isAttempt: true }),
      ).toEqual({ applied: false, state: 'cancelled' })
    })

    test('a deferred message is cancelled; of one that was sent in part, the rest', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1', ['a@example.com', 'b@example.com'])
      await ledger.settle('m1', fence, {
        outcomes: [delivered(0), deferred(1)],
        isAttempt: true,
        retryInMs: LONG_MS,
      })
      expect(await ledger.cancel('m1')).toEqual({ kind: 'cancelled' })
      expect(await ledger.get('m1')).toMatchObject({
        state: 'cancelled',
        nextAttemptAt: undefined,
        recipients: [{ state: 'delivered' }, { state: 'cancelled' }],
      })
    })

    test('after the final dot, and of a final message, it is too late', async () => {
      await using store = await open()
      const { ledger } = store
      const fence = await fenceOf(ledger, 'm1')
      await ledger.mark('m1', fence, [0], LONG_MS)
      expect(await ledger.cancel('m1')).toEqual({ kind: 'too-late', state: 'active' })
      await ledger.settle('m1', fence, { outcomes: [delivered(0)], isAttempt: true })
      expect(await ledger.cancel('m1')).toEqual({ kind: 'too-late', state: 'delivered' })
    })

    test('of a cancellation and a mark at once exactly one wins', async () => {
      await using store = await open()
      const { ledger } = store
      for (const id of Array.from({ length: 20 }, (_, i) => `m${i}`)) {
        const fence = await fenceOf(ledger, id)
        const marking = (): Promise<boolean> => ledger.mark(id, fence, [0], LONG_MS)
        const cancelling = (): Promise<{ kind: string }> => ledger.cancel(id)
        const isEven = Number(id.slice(1)) % 2 === 0
        const [marked, cancelled] = isEven
          ? await Promise.all([marking(), cancelling()])
          : (await Promise.all([cancelling(), marking()])).toReversed()
        expect(cancelled).toMatchObject({ kind: marked === true ? 'too-late' : 'cancelled' })
      }
    })
  })
}
