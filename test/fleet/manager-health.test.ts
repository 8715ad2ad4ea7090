import { expect, test } from 'vitest'

import { afterReport, admit, prolonged } from '../../src/fleet/admission.ts'
import { DEFAULT_CIRCUIT_POLICY, UNKNOWN, type Circuit } from '../../src/fleet/circuit.ts'
import { decodeHealth, encodeHealth } from '../../src/fleet/health-text.ts'
import { parkedStanding, standingsOf } from '../../src/fleet/health-standing.ts'
import {
  changed,
  NOTHING_KNOWN,
  parkedSpans,
  tidied,
  type ManagerHealth,
} from '../../src/fleet/manager-health.ts'

const MINUTE = 60_000
const KEEP = 1_000 * MINUTE
const CLOSED: Circuit = { state: 'closed', suspects: [] }

function openAt(at: number, until = at + MINUTE): Circuit {
  return { state: 'open', blames: 'account', since: at, at, until, failures: 1 }
}

/** What is known after these changes: digest, circuit, when. */
function after(...steps: readonly (readonly [string, Circuit, number])[]): ManagerHealth {
  return steps.reduce<ManagerHealth>(
    (record, [digest, circuit, at]) => changed(record, digest, circuit, undefined, at, KEEP),
    NOTHING_KNOWN,
  )
}

test.for<[what: string, record: ManagerHealth, now: number, spans: [number, number][]]>([
  ['nobody has asked', after(['d1', { state: 'unknown', failures: 1 }, 1]), 9, []],
  ['it works', after(['d1', CLOSED, 1]), 9, []],
  ['it does not', after(['d1', openAt(3), 3]), 9, [[3, 9]]],
  ['it works again', after(['d1', openAt(3), 3], ['d1', CLOSED, 7]), 9, [[3, 7]]],
  ['a new secret does not either', after(['d1', openAt(3), 3], ['d2', openAt(5), 5]), 9, [[3, 9]]],
  ['a new secret works', after(['d1', openAt(3), 3], ['d2', CLOSED, 5]), 9, [[3, 5]]],
  ['an old secret does not work', after(['d2', CLOSED, 1], ['d1', openAt(3), 3]), 9, []],
  [
    'the secret that worked is not used any more',
    after(['d2', CLOSED, 1], ['d1', openAt(3), 3], ['d1', openAt(3, 40 * MINUTE), 20 * MINUTE]),
    30 * MINUTE,
    [[3, 30 * MINUTE]],
  ],
])('the spans in which mail could not flow: %s', ([, record, now, spans]) => {
  expect(parkedSpans(record, now)).toEqual(spans.map(([from, to]) => ({ from, to })))
})

test('what somebody still uses is written now and then, and no change is none', () => {
  const record = after(['d1', CLOSED, 0])
  expect(changed(record, 'd1', CLOSED, { by: 'w' }, MINUTE, KEEP)).toBe(record)
  expect(changed(record, 'd2', UNKNOWN, undefined, MINUTE, KEEP)).toBe(record)
  const used = changed(record, 'd1', CLOSED, { by: 'w' }, 6 * MINUTE, KEEP)
  expect(used.entries).toEqual({ d1: { circuit: CLOSED, usedAt: 6 * MINUTE } })
})

test('a span is forgotten when mail has flowed for long enough, and not while it does not', () => {
  const past = [{ from: 0, to: MINUTE }]
  expect(tidied({ entries: {}, past }, 3 * MINUTE, 2 * MINUTE).past).toEqual(past)
  expect(tidied({ entries: {}, past }, 3 * MINUTE + 1, 2 * MINUTE).past).toEqual([])
  const later = [...past, { from: 2 * MINUTE, to: 9 * MINUTE }]
  expect(tidied({ entries: {}, past: later }, 10 * MINUTE, 2 * MINUTE).past).toEqual(later)
})

test('however many secrets and spans there are, a record stays small', () => {
  let record = NOTHING_KNOWN
  for (let n = 0; n < 500; n += 1) {
    record = changed(record, `d${n}`, openAt(2 * n), undefined, 2 * n, KEEP)
    record = changed(record, `d${n}`, CLOSED, undefined, 2 * n + 1, KEEP)
    record = { ...record, past: [...record.past, { from: 2 * n, to: 2 * n + 1 }] }
  }
  record = tidied(record, 1_000, KEEP)
  expect(Object.keys(record.entries)).toHaveLength(20)
  expect(record.entries['d499']).toBeDefined()
  expect(record.past).toHaveLength(200)
  expect(record.past[0]?.from).toBe(0)
})

test('a digest may be any key', () => {
  const record = after(['constructor', CLOSED, 1], ['__proto__', openAt(2), 2])
  expect(decodeHealth(encodeHealth(record))?.entries).toHaveProperty('constructor')
  expect(changed(NOTHING_KNOWN, 'toString', UNKNOWN, undefined, 1, KEEP)).toBe(NOTHING_KNOWN)
})

test.for(['', '7', '{}', '{"entries":{},"past":[{}]}', '{"entries":[],"past":[]}'])(
  '%j is no record',
  (text) => {
    expect(decodeHealth(text)).toBeUndefined()
  },
)

test('people are told what stands, since when, and when it is asked again', () => {
  const cause = { reason: 'cannot be used: 535' }
  const before = after(['d1-and-more', CLOSED, 0])
  const note = { by: 'w1', cause }
  const record = changed(before, 'd1-and-more', openAt(5), note, 5, KEEP)
  expect(standingsOf(record, 6)).toEqual([
    {
      digest: 'd1-and-m',
      state: 'parked',
      blames: 'account',
      since: new Date(5),
      nextProbeAt: new Date(5 + MINUTE),
      foundBy: 'w1',
      reason: 'cannot be used: 535',
      usedAt: new Date(5),
    },
  ])
  expect(parkedStanding(before, 6)).toBeUndefined()
  expect(parkedStanding(record, 6)).toMatchObject({ state: 'parked' })
  const due = 5 + MINUTE
  const { circuit } = admit(openAt(5), { probe: 'p', forMs: 10 }, due)
  const asked = changed(record, 'd1-and-more', circuit, undefined, due, KEEP)
  expect(standingsOf(asked, due)).toMatchObject([{ state: 'asked', foundBy: 'w1' }])
  expect(standingsOf(asked, due + 10)).toMatchObject([{ state: 'parked' }])
})

test('while one asks, what others find waits for its answer, but for a wish to slow down', () => {
  const { circuit } = admit(UNKNOWN, { probe: 'p', forMs: 10 }, 0)
  const report = (finding: Parameters<typeof afterReport>[1], probe?: string, now = 1) =>
    afterReport(circuit, finding, probe, DEFAULT_CIRCUIT_POLICY, now, () => 0.5)
  expect(report({ kind: 'fault' })).toBe(circuit)
  expect(report({ kind: 'let-in' }, 'q')).toBe(circuit)
  expect(report({ kind: 'throttle', minDelayMs: 5 })).toMatchObject({ blames: 'throttle' })
  expect(report({ kind: 'let-in' }, 'p')).toEqual(CLOSED)
  expect(report({ kind: 'let-in' }, 'p', 99)).toEqual(CLOSED)
  expect(report({ kind: 'fault' }, undefined, 99)).toMatchObject({ state: 'open' })
  const later = prolonged(circuit, { probe: 'p', forMs: 10 }, 5)
  expect(later).toMatchObject({ probe: { by: 'p', until: 15 } })
  expect(prolonged(circuit, { probe: 'q', forMs: 10 }, 5)).toBe(circuit)
})
