import { describe, expect, test } from 'vitest'

import type { Ledger } from '../../src/ledger/ledger.ts'
import type { OpenRecord } from '../../src/ledger/upkeep.ts'
import { deferred, delivered, fenceOf, newRecord, OK, refused } from './ledger-under-test.ts'
import type { OpenLedger } from './ledger-under-test.ts'

/** What every ledger does for the sweeper. */
export function testUpkeep(open: OpenLedger): void {
  describe('upkeep', () => {
    test('every message that is not at its end is on some page, whatever their number', async () => {
      await using store = await open()
      const { ledger } = store
      const ids = Array.from({ length: 1203 }, (_, at) => `m${at}`)
      await ledger.record(ids.map((id) => newRecord(id)))
      const first = await fenceOf(ledger, 'm0')
      await ledger.settle('m0', first, { outcomes: [delivered(0)], isAttempt: true, last: OK })
      const second = await fenceOf(ledger, 'm1')
      await ledger.settle('m1', second, { outcomes: [refused(0)], isAttempt: true })
      const third = await fenceOf(ledger, 'm2')
      await ledger.settle('m2', third, { outcomes: [deferred(0)], isAttempt: true, retryInMs: 1 })
      await fenceOf(ledger, 'm3')
      await ledger.cancel('m4')
      const found = await allOpen(ledger, 0)
      expect(found.get('m2')).toEqual({ id: 'm2', state: 'deferred', connection: CONNECTION })
      expect(found.get('m3')).toEqual({ id: 'm3', state: 'active', connection: CONNECTION })
      expect(found.get('m5')).toEqual({ id: 'm5', state: 'queued', connection: CONNECTION })
      expect([...found.keys()].toSorted()).toEqual(
        ids.filter((id) => !['m0', 'm1', 'm4'].includes(id)).toSorted(),
      )
    })

    test('what changed a moment ago is on no page', async () => {
      await using store = await open()
      await store.ledger.record([newRecord('m1')])
      expect((await allOpen(store.ledger, 60_000)).size).toBe(0)
    })

    test('a held message is removed when it is old enough, and then from every list', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1'), newRecord('m2')])
      const fence = await fenceOf(ledger, 'm1')
      await ledger.settle('m1', fence, { outcomes: [refused(0)], isAttempt: true })
      expect(await ledger.removeHeld('m1', 60_000)).toBe(false)
      await expect.poll(() => ledger.removeHeld('m1', 1)).toBe(true)
      expect(await ledger.removeHeld('m1', 1)).toBe(false)
      expect(await ledger.get('m1')).toBeUndefined()
      expect((await ledger.list({ state: 'refused' })).records).toEqual([])
      expect(await ledger.countHeld(CONNECTION)).toMatchObject({ refused: 0 })
    })

    test('what is not held is never removed as held', async () => {
      await using store = await open()
      const { ledger } = store
      await ledger.record([newRecord('m1'), newRecord('m2')])
      const fence = await fenceOf(ledger, 'm2')
      await ledger.settle('m2', fence, { outcomes: [delivered(0)], isAttempt: true, last: OK })
      for (const id of ['m1', 'm2', 'absent']) expect(await ledger.removeHeld(id, 0)).toBe(false)
      expect(await ledger.get('m1')).toMatchObject({ state: 'queued' })
      expect(await ledger.get('m2')).toMatchObject({ state: 'delivered' })
    })

    test('a message that is opened again at the same moment is removed or open, never both', async () => {
      await using store = await open()
      const { ledger } = store
      const ids = Array.from({ length: 20 }, (_, at) => `m${at}`)
      await ledger.record(ids.map((id) => newRecord(id)))
      for (const id of ids) {
        const fence = await fenceOf(ledger, id)
        await ledger.settle(id, fence, { outcomes: [refused(0)], isAttempt: true })
      }
      const answers = await Promise.all(
        ids.map((id) => Promise.all([ledger.removeHeld(id, 0), ledger.reopen(id)])),
      )
      for (const [at, [isRemoved, reopened]] of answers.entries()) {
        const record = await ledger.get(ids[at] ?? '')
        expect(record?.state).toBe(isRemoved ? undefined : 'deferred')
        expect(reopened.kind).toBe(isRemoved ? 'unknown' : 'reopened')
      }
    })
  })
}

const CONNECTION = newRecord('any').connection

async function allOpen(ledger: Ledger, untouchedForMs: number): Promise<Map<string, OpenRecord>> {
  const found = new Map<string, OpenRecord>()
  let cursor: string | undefined
  do {
    const page = await ledger.pageOpen({ untouchedForMs, ...(cursor !== undefined && { cursor }) })
    for (const record of page.records) found.set(record.id, record)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}
