import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import type { Ledger, MessageState } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open.ts'
import type { AttemptEntry, TimelineEntry } from '../../src/ledger/timeline.ts'
import { openStore } from '../../src/store/open.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { ofKind, type Deed } from './deeds.ts'
import { newRecord } from './ledger-under-test.ts'

const TO = ['ann@example.com', 'bob@example.com']
const IDS = Array.from({ length: 8 }, (_, at) => `m${at}`)
const HOUR_MS = 3_600_000
/** One process each; the clock of some is hours off. */
const CLOCKS_MS = [0, 7 * HOUR_MS, -5 * HOUR_MS, 0]
const STEPS = 60
const SEED = 20_261_121

describeStores('a ledger that four processes contend for', (place) => {
  test('sends nothing twice, keeps its fences in order, and tells it as it was', async () => {
    const at = place()
    const begunAt = Date.now()
    await using store = await openStore(at.queue, { patience: 'wait', ...at })
    const ledger = await openLedger(store)
    await ledger.record(IDS.map((id) => newRecord(id, TO)))
    const logs = await Promise.all(CLOCKS_MS.map((clockMs, index) => contend(at, clockMs, index)))
    const told = new Set<string>()
    for (const id of IDS) {
      const mine = logs.map((deeds) => deeds.filter((deed) => deed.id === id))
      checkFences(mine)
      checkMarks(mine.flat())
      await checkEnd(ledger, id, mine.flat(), begunAt)
      for (const entry of (await ledger.history(id))?.entries ?? []) {
        told.add(entry.kind === 'attempt' ? entry.how : entry.kind)
      }
    }
    // Else they did not contend.
    expect([...told]).toEqual(expect.arrayContaining(['died', 'withdrawn', 'turned-uncertain']))
  })
})

/** Runs one process to its end. */
async function contend(
  { queue, prefix, schema }: TestStore,
  clockMs: number,
  index: number,
): Promise<readonly Deed[]> {
  const name = `worker-${index}`
  const options = {
    queue,
    prefix,
    schema,
    ids: IDS,
    steps: STEPS,
    seed: SEED + index,
    clockMs,
    name,
  }
  const program = join(import.meta.dirname, 'programs/contend.ts')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, JSON.stringify(options)],
    { maxBuffer: 64_000_000 },
  )
  return JSON.parse(stdout) as readonly Deed[]
}

/** Each process sees fences that grow, no two have the same, and an old one never marks. */
function checkFences(logs: readonly (readonly Deed[])[]): void {
  const claims = logs.flatMap((deeds) => ofKind(deeds, 'claim'))
  for (const deeds of logs) {
    const fences = ofKind(deeds, 'claim').map(({ fence }) => fence)
    expect(fences).toEqual(fences.toSorted((one, other) => one - other))
  }
  expect(new Set(claims.map(({ fence }) => fence)).size).toBe(claims.length)
  for (const mark of logs.flatMap((deeds) => ofKind(deeds, 'mark'))) {
    const newer = claims.filter(
      ({ fence, ended }) => fence > mark.fence && BigInt(ended) < BigInt(mark.began),
    )
    expect(newer).toEqual([])
  }
}

/** Nobody reopens what is uncertain here: so each recipient is sent to for good once at most. */
function checkMarks(deeds: readonly Deed[]): void {
  for (const index of TO.keys()) {
    const final = ofKind(deeds, 'mark').filter(({ fates }) =>
      fates.some((one) => one.index === index && ['delivered', 'silent'].includes(one.fate)),
    )
    expect(final.length).toBeLessThanOrEqual(1)
  }
}

/** What the record and its timeline say in the end is what was done. */
async function checkEnd(
  ledger: Ledger,
  id: string,
  deeds: readonly Deed[],
  begunAt: number,
): Promise<void> {
  const record = await ledger.get(id)
  const entries = (await ledger.history(id))?.entries ?? []
  const times = entries.map(({ at }) => at.getTime())
  expect(times).toEqual(times.toSorted((one, other) => one - other))
  expect(times[0]).toBeGreaterThan(begunAt - HOUR_MS)
  expect(times.at(-1)).toBeLessThan(Date.now() + HOUR_MS)

  for (const [index, recipient] of (record?.recipients ?? []).entries()) {
    const taken = ofKind(deeds, 'settle').filter(({ outcomes, applied }) =>
      outcomes.some((one) => applied && one.index === index && one.state === 'delivered'),
    )
    expect(taken.length).toBeLessThanOrEqual(1)
    expect(recipient.state === 'delivered').toBe(taken.length === 1)
    const told = attemptsIn(entries).filter(
      ({ how, outcomes }) =>
        how !== 'withdrawn' &&
        outcomes.some((one) => one.state === 'delivered' && one.recipients.includes(index)),
    )
    expect(told.length).toBe(taken.length)
  }
  expect(countOf(entries, 'reopened')).toBe(ofKind(deeds, 'reopen').length)
  const lastReopened = entries.findLastIndex(({ kind }) => kind === 'reopened')
  const since = attemptsIn(entries.slice(lastReopened + 1)).filter(({ how }) => how !== 'withdrawn')
  expect(record?.attempts).toBe(since.length)
  const settled = ofKind(deeds, 'settle')
  expect(attemptsIn(entries)).toHaveLength(settled.length)
  const kinds = entries.map(({ kind }) => kind)
  expect(kinds).toEqual(expect.arrayContaining([...(TOLD[record?.state ?? 'queued'] ?? [])]))
}

/** What must have been told of a message that ended so. */
const TOLD: Partial<Readonly<Record<MessageState, readonly TimelineEntry['kind'][]>>> = {
  delivered: ['attempt'],
  refused: ['attempt'],
  uncertain: ['turned-uncertain'],
  cancelled: ['cancelled'],
}

function attemptsIn(entries: readonly TimelineEntry[]): readonly AttemptEntry[] {
  return entries.filter((entry) => entry.kind === 'attempt')
}

function countOf(entries: readonly TimelineEntry[], kind: TimelineEntry['kind']): number {
  return entries.filter((entry) => entry.kind === kind).length
}
