import { describe, expect, test } from 'vitest'

import type { Ledger, NewRecord } from '../../src/ledger/ledger.ts'
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
  refused,
  type OpenLedger,
} from './ledger-under-test.ts'

const DELIVERED = { outcomes: [delivered(0)], isAttempt: true, last: OK }
const WITHDRAWN = { outcomes: [], isAttempt: false, retryInMs: 0 }
const RESEND = { way: 'resend', afterMs: 0, atMost: 3 } as const
const TWO = ['ann@example.com', 'bob@example.com']

function code(id: string, recipients?: readonly string[], key = 'code'): NewRecord {
  return { ...newRecord(id, recipients && [...recipients]), supersedes: key }
}

/** Records a newer message, and ends the one that it supersedes, as the producer does. */
async function accept(ledger: Ledger, id: string): Promise<string | undefined> {
  const [answer] = await ledger.record([code(id)])
  if (answer?.kind !== 'recorded') throw new Error(`expected a new record, got "${answer?.kind}"`)
  if (answer.older !== undefined) await ledger.supersede(answer.older)
  return answer.older
}

/** What every ledger promises of messages of which only the newest is to be sent. */
export function testSuperseding(open: OpenLedger): void {
  describe('supersede', () => {
    test('a newer message ends the older one that was not sent, and no other', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([code('m1'), code('other', undefined, 'another key'), newRecord('plain')])
      expect(await ledger.supersede('m1')).toBe(false)
      expect(await ledger.record([code('m2')])).toEqual([{ kind: 'recorded', older: 'm1' }])
      expect(await ledger.supersede('m1')).toBe(true)
      expect(await ledger.supersede('m1')).toBe(false)
      expect(await ledger.supersede('m2')).toBe(false)
      expect(await ledger.get('m1')).toMatchObject({
        state: 'superseded',
        recipients: [{ state: 'superseded' }],
      })
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'settled', state: 'superseded' })
      expect(await ledger.cancel('m1')).toEqual({ kind: 'too-late', state: 'superseded' })
      expect((await ledger.history('m1'))?.entries).toMatchObject([
        { kind: 'accepted' },
        { kind: 'superseded', by: 'm2' },
      ])
      for (const id of ['m2', 'other', 'plain']) {
        expect(await claimOf(ledger, id)).toMatchObject({ kind: 'claimed' })
      }
    })

    test('a claim ends the older one when nobody else did', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([code('m1')])
      await ledger.record([code('m2')])
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'settled', state: 'superseded' })
      expect((await ledger.get('m1'))?.state).toBe('superseded')
    })

    test('of several that are recorded together the last is the newest', async () => {
      await using store = await open()
      const { ledger } = store
      const answers = await ledger.record(['m9', 'm1', 'm5'].map((id) => code(id)))
      expect(answers).toEqual([
        { kind: 'recorded' },
        { kind: 'recorded', older: 'm9' },
        { kind: 'recorded', older: 'm1' },
      ])
      expect(await claimOf(ledger, 'm9')).toMatchObject({ state: 'superseded' })
      expect(await claimOf(ledger, 'm5')).toMatchObject({ kind: 'claimed' })
    })

    test('a message that is recorded again supersedes nothing', async () => {
      await using store = await open()
      const { ledger } = store
      await accept(ledger, 'm1')
      await accept(ledger, 'm2')
      expect(await ledger.record([code('m1')])).toEqual([
        { kind: 'known', state: 'superseded', enqueueAgain: false },
      ])
      expect(await ledger.record([{ ...code('m1'), digest: 'another request' }])).toEqual([
        { kind: 'conflict' },
      ])
      expect(await claimOf(ledger, 'm2')).toMatchObject({ kind: 'claimed' })
    })

    test('a worker that holds the older one loses it, unless its final dot has left', async () => {
      await using store = await open()
      const { ledger } = store
      await accept(ledger, 'm1')
      const lost = await fenceOf(ledger, 'm1')
      await accept(ledger, 'm2')
      expect(await ledger.mark('m1', lost, [0], LONG_MS)).toBe(false)
      const withdrawn = { applied: false, state: 'superseded' }
      expect(await ledger.settle('m1', lost, WITHDRAWN)).toEqual(withdrawn)

      const marked = await fenceOf(ledger, 'm2')
      expect(await ledger.mark('m2', marked, [0], LONG_MS)).toBe(true)
      await accept(ledger, 'm3')
      expect(await ledger.settle('m2', marked, DELIVERED)).toMatchObject({ state: 'delivered' })
    })

    test('what the server put off after the final dot is not sent again', async () => {
      await using store = await open()
      const { ledger } = store
      await accept(ledger, 'm1')
      const fence = await fenceOf(ledger, 'm1')
      await ledger.mark('m1', fence, [0], LONG_MS)
      await accept(ledger, 'm2')
      const busy = { outcomes: [deferred(0)], isAttempt: true, retryInMs: 1 }
      expect(await ledger.settle('m1', fence, busy)).toMatchObject({ state: 'deferred' })
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'settled', state: 'superseded' })
    })

    test('who has the older one keeps it, and nobody else gets it', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([code('m1', TWO)])
      const outcomes = [delivered(0), deferred(1)]
      const part = { outcomes, isAttempt: true, retryInMs: LONG_MS }
      await ledger.settle('m1', await fenceOf(ledger, 'm1', TWO), part)
      await accept(ledger, 'm2')
      expect(await ledger.get('m1')).toMatchObject({
        state: 'superseded',
        recipients: [{ state: 'delivered' }, { state: 'superseded' }],
      })
    })

    test('an older one that may have arrived stays uncertain, and is never sent again', async () => {
      await using store = await open()
      const { ledger } = store
      await accept(ledger, 'm1')
      await markedAndGone(ledger, 'm1', [0], undefined, RESEND)
      await accept(ledger, 'm2')
      expect(await claimsUntil(ledger, 'm1', 'settled')).toMatchObject({ state: 'uncertain' })
      expect((await ledger.get('m1'))?.planned).toBeUndefined()
      // Also not by a person's decision.
      await ledger.settleUncertain('m1', 'resend')
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'settled', state: 'uncertain' })
    })

    test('an older one that was refused ends as superseded when it is given another try', async () => {
      await using store = await open()
      const { ledger } = store
      await accept(ledger, 'm1')
      const refusal = { outcomes: [refused(0)], isAttempt: true }
      await ledger.settle('m1', await fenceOf(ledger, 'm1'), refusal)
      await accept(ledger, 'm2')
      expect((await ledger.get('m1'))?.state).toBe('refused')
      await ledger.reopen('m1')
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'settled', state: 'superseded' })
      expect(await ledger.countHeld(newRecord('m1').connection)).toMatchObject({ refused: 0 })
    })

    test('a newest message that is cancelled or forgotten brings no older one back', async () => {
      await using store = await open()
      const { ledger } = store
      await accept(ledger, 'm1')
      await accept(ledger, 'm2')
      await ledger.cancel('m2')
      expect(await accept(ledger, 'm3')).toBe('m2')
      await ledger.forget('m3')
      expect(await claimOf(ledger, 'm1')).toMatchObject({ state: 'superseded' })
      await accept(ledger, 'm4')
      expect(await claimOf(ledger, 'm4')).toMatchObject({ kind: 'claimed' })
    })

    test('a late answer that puts it off leaves the rest of an older one superseded', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([code('m1', TWO)])
      const first = await markedAndGone(ledger, 'm1', [0], TWO)
      // Another worker finds the mark's time over, and takes the recipient that is left.
      await claimsUntil(ledger, 'm1', 'claimed')
      await accept(ledger, 'm2')
      expect((await ledger.get('m1'))?.state).toBe('uncertain')
      const late = { outcomes: [deferred(0)], isAttempt: true, retryInMs: 1 }
      expect(await ledger.settle('m1', first, late)).toMatchObject({ state: 'superseded' })
    })

    test('a message that was rescheduled is superseded before its time', async () => {
      await using store = await open()
      const { ledger } = store
      await accept(ledger, 'm1')
      await ledger.reschedule('m1', inAnHour())
      await ledger.record([code('m2')])
      expect(await claimOf(ledger, 'm1')).toMatchObject({ kind: 'settled', state: 'superseded' })
    })
  })
}
