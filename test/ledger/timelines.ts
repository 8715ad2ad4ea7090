import { describe, expect, test } from 'vitest'

import type { Ledger } from '../../src/ledger/ledger.ts'
import type { AttemptNote, TimelineEntry } from '../../src/ledger/timeline.ts'
import { BUSY, claimOf, deferred, delivered, fenceOf, LONG_MS } from './ledger-under-test.ts'
import { newRecord, NOBODY, OK, refused } from './ledger-under-test.ts'
import type { OpenLedger } from './ledger-under-test.ts'

const TWO = ['ann@example.com', 'bob@example.com']

const TOLD = {
  attempt: 1,
  part: 1,
  digest: '3f9a1b2c',
  worker: 'host-1',
  bytes: 2400,
  rules: '7',
  stage: 'rcpt',
  outcomes: [{ recipients: [0], state: 'pending', ...BUSY }],
  conversation: ['C: MAIL FROM:<…@example.org>', 'S: 250 ok'],
} as const

const NOTE: AttemptNote = { ...TOLD, last: BUSY }

const SUCCESS: AttemptNote = {
  attempt: 1,
  part: 1,
  digest: '3f9a1b2c',
  worker: 'worker',
  bytes: 2400,
  stage: 'after',
  last: OK,
  outcomes: [{ recipients: [0], state: 'delivered', ...OK }],
}

/** What every ledger tells of what happened. */
export function testTimelines(open: OpenLedger): void {
  describe('timeline', () => {
    test('of a message that nobody knows there is none', async () => {
      await using store = await open()
      expect(await store.ledger.history('absent')).toBeUndefined()
    })

    test('a message that its first attempt delivers tells who did it, how large it was and when', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const fence = await fenceOf(ledger, 'm1')
      const settlement = { outcomes: [delivered(0)], isAttempt: true, last: OK, note: SUCCESS }
      expect(await ledger.settle('m1', fence, settlement)).toMatchObject({ applied: true })
      const record = await ledger.get('m1')
      expect(record).toMatchObject({ state: 'delivered', attempts: 1, last: OK })
      expect(record?.recipients).toMatchObject([{ state: 'delivered', ...OK }])
      const told = await entriesOf(ledger, 'm1')
      expect(told).toEqual([
        { kind: 'accepted', at: record?.acceptedAt },
        {
          ...SUCCESS,
          ...OK,
          last: undefined,
          stage: 'after',
          kind: 'attempt',
          how: 'settled',
          at: record?.updatedAt,
          startedAt: new Date(Math.floor(fence / 1000)),
          manager: record?.connection,
        },
      ])
      expect(await ledger.settle('m1', fence, settlement)).toEqual({
        applied: true,
        state: 'delivered',
      })
      expect(await entriesOf(ledger, 'm1')).toEqual(told)
    })

    test('every settled attempt tells all that its worker knew', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const first = await fenceOf(ledger, 'm1')
      const settlement = { outcomes: [deferred(0)], isAttempt: true, retryInMs: 0, last: BUSY }
      await ledger.settle('m1', first, { ...settlement, note: NOTE })
      await ledger.settle('m1', first, { ...settlement, note: NOTE })
      const second = await fenceOf(ledger, 'm1')
      await ledger.settle('m1', second, {
        outcomes: [delivered(0)],
        isAttempt: true,
        last: OK,
        note: {
          ...SUCCESS,
          attempt: 2,
          manager: 'backup',
          last: { ...OK, text: 'queued as 4F2B' },
        },
      })
      expect(await entriesOf(ledger, 'm1')).toMatchObject([
        { kind: 'accepted' },
        { ...TOLD, ...BUSY, how: 'settled', manager: newRecord('m1').connection },
        { attempt: 2, manager: 'backup', code: 250, text: 'queued as 4F2B', stage: 'after' },
      ])
      expect(await ledger.get('m1')).toMatchObject({ state: 'delivered', attempts: 2 })
    })

    test('recipients that came out differently are told apart, and those alike together', async () => {
      await using store = await open()
      const { ledger } = store
      const outcomes = [
        { recipients: [0, 1, 2, 5], state: 'delivered', ...OK },
        { recipients: [3], state: 'refused', ...NOBODY },
        { recipients: [4], state: 'pending', ...BUSY },
      ] as const
      await ledger.record([newRecord('m1')])
      const fence = await fenceOf(ledger, 'm1')
      const note = { ...NOTE, last: NOBODY, outcomes }
      await ledger.settle('m1', fence, { outcomes: [refused(0)], isAttempt: true, note })
      expect((await entriesOf(ledger, 'm1'))[1]).toMatchObject({ ...NOBODY, outcomes })
    })

    test('what was said is kept up to 4 kB, with its first and last lines', async () => {
      await using store = await open()
      const { ledger } = store
      const conversation = Array.from({ length: 500 }, (_, at) => `C: RCPT TO:<r${at}@example.com>`)
      await ledger.record([newRecord('m1')])
      const fence = await fenceOf(ledger, 'm1')
      await ledger.settle('m1', fence, {
        outcomes: [deferred(0)],
        isAttempt: true,
        note: { ...NOTE, conversation: [...conversation, `S: 250 ${'é'.repeat(400)}`] },
      })
      const entry = (await entriesOf(ledger, 'm1'))[1]
      const kept = (entry?.kind === 'attempt' && entry.conversation) || []
      expect(kept[0]).toBe(conversation[0])
      expect(kept.at(-1)).toMatch(/^S: 250 é+$/)
      expect(kept.some((line) => /^… \d+ lines …$/.test(line))).toBe(true)
      expect(Buffer.byteLength(kept.join('\n'))).toBeLessThan(4_200)
    })

    test('a worker that claims and never settles is told by the next claim', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      await claimOf(ledger, 'm1', { worker: 'first' })
      const claimedAt = (await ledger.get('m1'))?.updatedAt
      await claimOf(ledger, 'm1', { worker: 'second' })
      expect(await entriesOf(ledger, 'm1')).toMatchObject([
        { kind: 'accepted' },
        { kind: 'died', worker: 'first', claimedAt },
      ])
    })

    test('a mark without an answer is told when its time is over, and the late answer behind it', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1', TWO)])
      const fence = await fenceOf(ledger, 'm1', TWO)
      await ledger.mark('m1', fence, [0, 1], 1)
      await expect.poll(() => claimOf(ledger, 'm1')).toMatchObject({ turned: 2 })
      expect((await entriesOf(ledger, 'm1'))[1]).toMatchObject({
        kind: 'turned-uncertain',
        worker: 'worker',
        recipients: [0, 1],
      })
      const outcomes = [delivered(0), delivered(1)]
      const note = {
        ...SUCCESS,
        outcomes: [{ recipients: [0, 1], state: 'delivered', ...OK }],
      } as const
      await ledger.settle('m1', fence, { outcomes, isAttempt: true, last: OK, note })
      await ledger.settle('m1', fence, { outcomes, isAttempt: true, last: OK, note })
      expect(kindsOf(await entriesOf(ledger, 'm1'))).toEqual([
        'accepted',
        'turned-uncertain',
        'late delivered',
      ])
    })

    test('what a worker did whose claim was lost is told once, and changes nothing', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const fence = await fenceOf(ledger, 'm1')
      await ledger.cancel('m1')
      const settlement = { outcomes: [], isAttempt: false, retryInMs: 0 }
      const note = { ...NOTE, stage: 'body', outcomes: [], last: { stage: 'body' } }
      for (let times = 0; times < 2; times += 1) {
        expect(await ledger.settle('m1', fence, { ...settlement, note })).toEqual({
          applied: false,
          state: 'cancelled',
        })
      }
      expect(kindsOf(await entriesOf(ledger, 'm1'))).toEqual([
        'accepted',
        'cancelled',
        'withdrawn ',
      ])
    })

    test('an end without a transaction tells its rule, and so do a person and the sweeper', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const acceptedAt = (await ledger.get('m1'))?.acceptedAt
      const fence = await fenceOf(ledger, 'm1')
      const last = { rule: 'local.give-up', text: 'too old' }
      await ledger.settle('m1', fence, { outcomes: [], rest: 'expired', isAttempt: false, last })
      await ledger.reopen('m1')
      await ledger.noteRequeued('m1')
      await ledger.cancel('m1')
      expect(await entriesOf(ledger, 'm1')).toMatchObject([
        { kind: 'accepted', at: acceptedAt },
        { kind: 'ended', state: 'expired', ...last },
        { kind: 'reopened', evenIfUncertain: false },
        { kind: 'requeued' },
        { kind: 'cancelled' },
      ])
    })

    test('one message never has more than 64 entries: the middle is dropped and counted', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      for (let attempt = 1; attempt <= 70; attempt += 1) {
        const fence = await fenceOf(ledger, 'm1')
        const note = { ...NOTE, attempt }
        await ledger.settle('m1', fence, { outcomes: [deferred(0)], isAttempt: true, note })
      }
      const timeline = await ledger.history('m1')
      const attempts = timeline?.entries.flatMap((entry) =>
        entry.kind === 'attempt' ? [entry.attempt] : [],
      )
      expect(timeline?.forgotten).toBe(6)
      expect(attempts).toHaveLength(64)
      expect(attempts?.slice(0, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 15])
    })
  })

  describe('eviction', () => {
    test('history goes by age and for want of room, the oldest first; what guards a message stays', async () => {
      await using store = await open()
      const { ledger } = store
      const ids = ['m1', 'm2', 'm3']
      await ledger.record(ids.map((id) => newRecord(id)))
      const fences = new Map<string, number>()
      for (const id of [...ids, ...ids]) {
        const fence = await fenceOf(ledger, id)
        fences.set(id, fence)
        const settlement = { outcomes: [deferred(0)], isAttempt: true, last: BUSY, note: NOTE }
        await ledger.settle(id, fence, settlement)
      }
      const before = await timesOf(ledger, ids)
      const kept = { keepForMs: LONG_MS, maxBytes: 1_000_000 }
      const { bytesLeft, entries } = await ledger.evictHistory(kept, 10)
      expect(entries).toBe(0)
      const half = { ...kept, maxBytes: bytesLeft / 2 }
      expect(await ledger.evictHistory(half, 10)).toEqual({ entries: 3, bytesLeft: bytesLeft / 2 })
      expect(await timesOf(ledger, ids)).toEqual(before.slice(3))
      const aged = { keepForMs: 1, maxBytes: 1_000_000 }
      await expect.poll(() => ledger.evictHistory(aged, 2)).toMatchObject({ entries: 2 })
      expect(await ledger.evictHistory(aged, 2)).toEqual({ entries: 1, bytesLeft: 0 })
      for (const id of ids) {
        expect(await ledger.history(id)).toMatchObject({ forgotten: 2 })
        expect(await ledger.get(id)).toMatchObject({ state: 'deferred', attempts: 2, last: BUSY })
        expect(await ledger.mark(id, fences.get(id) ?? 0, [0], 1_000)).toBe(false)
        expect(await fenceOf(ledger, id)).toBeGreaterThan(fences.get(id) ?? 0)
      }
    })

    test('a held message that is removed takes its history with it', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1')])
      const fence = await fenceOf(ledger, 'm1')
      const note = { ...NOTE, last: NOBODY }
      await ledger.settle('m1', fence, { outcomes: [refused(0)], isAttempt: true, note })
      await expect.poll(() => ledger.removeHeld('m1', 1)).toBe(true)
      expect(await ledger.evictHistory({ keepForMs: 0, maxBytes: 0 }, 10)).toEqual({
        entries: 0,
        bytesLeft: 0,
      })
      await ledger.record([newRecord('m1')])
      expect(kindsOf(await entriesOf(ledger, 'm1'))).toEqual(['accepted'])
    })
  })
}

async function entriesOf(ledger: Ledger, id: string): Promise<readonly TimelineEntry[]> {
  return (await ledger.history(id))?.entries ?? []
}

function kindsOf(entries: readonly TimelineEntry[]): readonly string[] {
  return entries.map((entry) => {
    if (entry.kind !== 'attempt') return entry.kind
    return `${entry.how} ${entry.outcomes.map(({ state }) => state).join()}`
  })
}

/** The times of all entries but the first ones, in order. */
async function timesOf(ledger: Ledger, ids: readonly string[]): Promise<readonly number[]> {
  const timelines = await Promise.all(ids.map((id) => entriesOf(ledger, id)))
  return timelines
    .flatMap(([, ...entries]) => entries.map(({ at }) => at.getTime()))
    .toSorted((one, other) => one - other)
}
