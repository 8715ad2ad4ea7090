import { describe, expect, test } from 'vitest'

import {
  claimOf,
  claimsUntil,
  deferred,
  delivered,
  fenceOf,
  inAnHour,
  LONG_MS,
  markedAndGone,
  newRecord,
  OK,
  type OpenLedger,
} from './ledger-under-test.ts'

const ROUNDS = 50
const DELIVERED = { outcomes: [delivered(0)], isAttempt: true, last: OK }
const WITHDRAWN = { outcomes: [], isAttempt: false, retryInMs: 0 }

/** What every ledger promises of messages that are to be sent at another time. */
export function testRescheduling(open: OpenLedger): void {
  describe('reschedule', () => {
    test('no claim takes a message before its time, and then one does', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      expect(await ledger.reschedule('m1', inAnHour())).toEqual({ kind: 'rescheduled' })
      const claim = await claimOf(ledger, 'm1')
      expect(claim).toMatchObject({ kind: 'early' })
      expect(claim.kind === 'early' && claim.dueInMs).toBeGreaterThan(3_000_000)
      expect(claim.kind === 'early' && claim.dueInMs).toBeLessThanOrEqual(3_600_000)
      expect(await ledger.get('m1')).toMatchObject({ state: 'queued', claims: 0 })

      const soon = new Date(Date.now() + 200)
      expect(await ledger.reschedule('m1', soon)).toEqual({ kind: 'rescheduled' })
      expect((await ledger.get('m1'))?.notBefore).toEqual(soon)
      await expect.poll(async () => (await claimOf(ledger, 'm1')).kind).toBe('claimed')
    })

    test('a message is as old as the time since it was due', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1'), newRecord('m2')])
      const due = new Date(Date.now() + 100)
      await ledger.reschedule('m1', due)
      await ledger.reschedule('m2', new Date(Date.now() - 3_600_000))
      await expect.poll(async () => (await claimOf(ledger, 'm1')).kind).toBe('claimed')
      const claim = await claimOf(ledger, 'm1')
      const record = await ledger.get('m1')
      expect(claim).toMatchObject({ notBefore: due.getTime() })
      expect(claim.kind === 'claimed' && claim.ageMs).toBe(
        (record?.updatedAt.getTime() ?? 0) - due.getTime(),
      )
      // A time before it was accepted makes it no older.
      const other = await claimOf(ledger, 'm2')
      expect(other.kind === 'claimed' && other.ageMs).toBeLessThan(3_000_000)
    })

    test('a message that nobody has claimed may still be without its job', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      await ledger.reschedule('m1', inAnHour())
      expect(await ledger.record([newRecord('m1')])).toEqual([
        { kind: 'known', state: 'queued', enqueueAgain: true },
      ])
    })

    test('a deferred message is due at its new time, with its recipients as they are', async () => {
      await using store = await open()
      const { ledger } = store
      const two = ['ann@example.com', 'bob@example.com']
      await ledger.record([newRecord('m1', two)])
      const outcomes = [delivered(0), deferred(1)]
      await ledger.settle('m1', await fenceOf(ledger, 'm1', two), {
        outcomes,
        isAttempt: true,
        retryInMs: LONG_MS,
      })
      const at = inAnHour()
      expect(await ledger.reschedule('m1', at)).toEqual({ kind: 'rescheduled' })
      expect(await ledger.get('m1')).toMatchObject({
        state: 'deferred',
        nextAttemptAt: at,
        attempts: 1,
        recipients: [{ state: 'delivered' }, { state: 'pending' }],
      })
      await ledger.reschedule('m1', new Date())
      const claim = await claimOf(ledger, 'm1', { recipients: two })
      expect(claim).toMatchObject({ kind: 'claimed', pending: [1], attempts: 1 })
      const { entries } = (await ledger.history('m1')) ?? { entries: [] }
      expect(entries.filter(({ kind }) => kind === 'rescheduled')).toMatchObject([
        { sendAt: at },
        { kind: 'rescheduled' },
      ])
    })

    test('a worker that holds the message loses it, unless its final dot has left', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1'), newRecord('m2')])
      const lost = await fenceOf(ledger, 'm1')
      expect(await ledger.reschedule('m1', inAnHour())).toEqual({ kind: 'rescheduled' })
      expect(await ledger.mark('m1', lost, [0], LONG_MS)).toBe(false)
      const withdrawn = { applied: false, state: 'deferred' }
      expect(await ledger.settle('m1', lost, WITHDRAWN)).toEqual(withdrawn)
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'early' })

      const marked = await fenceOf(ledger, 'm2')
      expect(await ledger.mark('m2', marked, [0], LONG_MS)).toBe(true)
      const tooLate = { kind: 'too-late', state: 'active' }
      expect(await ledger.reschedule('m2', inAnHour())).toEqual(tooLate)
      expect(await ledger.settle('m2', marked, DELIVERED)).toMatchObject({ applied: true })
    })

    test('it is too late for what is settled, and an unknown id is said to be one', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1'), newRecord('m2')])
      await ledger.settle('m1', await fenceOf(ledger, 'm1'), DELIVERED)
      await ledger.cancel('m2')
      for (const [id, state] of [
        ['m1', 'delivered'],
        ['m2', 'cancelled'],
      ] as const) {
        const answer = await ledger.reschedule(id, inAnHour())
        expect(answer).toEqual({ kind: 'too-late', state })
      }
      expect(await ledger.reschedule('m3', inAnHour())).toEqual({ kind: 'unknown' })
    })

    test('what may have arrived and is to be sent again is that at another time', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const first = await markedAndGone(ledger, 'm1')
      await claimsUntil(ledger, 'm1', 'settled')
      await ledger.settleUncertain('m1', 'resend')
      expect(await ledger.reschedule('m1', inAnHour())).toEqual({ kind: 'rescheduled' })
      expect(await ledger.cancel('m1')).toEqual({ kind: 'too-late', state: 'uncertain' })
      expect(await ledger.settle('m1', first, DELIVERED)).toMatchObject({ state: 'delivered' })
    })

    test('against claims, each message is sent once and never before its time', async () => {
      await using store = await open()
      const { ledger } = store
      const ids = Array.from({ length: ROUNDS }, (_, round) => `m${round}`)
      await ledger.record(ids.map((id) => newRecord(id)))
      const rounds = ids.map(async (id) => {
        const send = async (): Promise<boolean> => {
          const claim = await claimOf(ledger, id)
          if (claim.kind !== 'claimed') return false
          const isMarked = await ledger.mark(id, claim.fence, [0], LONG_MS)
          await ledger.settle(id, claim.fence, isMarked ? DELIVERED : WITHDRAWN)
          return isMarked
        }
        const [isSent, moved] = await Promise.all([send(), ledger.reschedule(id, inAnHour())])
        expect([id, isSent]).toEqual([id, moved.kind === 'too-late'])
        expect([id, await send()]).toEqual([id, false])
        if (isSent) return
        await ledger.reschedule(id, new Date())
        expect([id, await send()]).toEqual([id, true])
      })
      await Promise.all(rounds)
    })
  })
}
