import { expect, test } from 'vitest'

import {
  NEVER,
  UNKNOWN,
  afterFinding,
  afterMending,
  DEFAULT_CIRCUIT_POLICY,
  type Circuit,
  type Finding,
} from '../../src/fleet/circuit.ts'

const closed: Circuit = { state: 'closed', suspects: [] }
const half = (sinceFailures: number): Circuit => ({
  state: 'half-open',
  blames: 'manager',
  since: 0,
  failures: sinceFailures,
})

const after = (circuit: Circuit, finding: Finding, now = 1_000): Circuit =>
  afterFinding(circuit, finding, DEFAULT_CIRCUIT_POLICY, now, () => 0.5)

test.for<[from: string, circuit: Circuit, finding: Finding, to: Partial<Circuit>]>([
  ['unknown and a login works', UNKNOWN, { kind: 'let-in' }, { state: 'closed' }],
  [
    'unknown and the server is away',
    UNKNOWN,
    { kind: 'fault' },
    { state: 'open', blames: 'manager', until: 2_000 },
  ],
  [
    'unknown and the password is wrong',
    UNKNOWN,
    { kind: 'auth' },
    { state: 'open', blames: 'account', until: 331_000 },
  ],
  [
    'closed and one message broke',
    closed,
    { kind: 'suspect', message: 'a' },
    { state: 'closed', suspects: ['a'] },
  ],
  [
    'closed and the same message broke again',
    { state: 'closed', suspects: ['a'] },
    { kind: 'suspect', message: 'a' },
    { state: 'closed', suspects: ['a'] },
  ],
  [
    'closed and another message broke too',
    { state: 'closed', suspects: ['a'] },
    { kind: 'suspect', message: 'b' },
    { state: 'open', blames: 'manager' },
  ],
  [
    'a delivery between two broken ones',
    { state: 'closed', suspects: ['a'] },
    { kind: 'works' },
    { state: 'closed', suspects: [] },
  ],
  ['half-open and the probe works', half(3), { kind: 'let-in' }, { state: 'closed' }],
  [
    'half-open and the probe fails for the fourth time',
    half(3),
    { kind: 'fault' },
    { state: 'open', until: 9_000, failures: 4, since: 0 },
  ],
  [
    'half-open and the probe is called off',
    half(3),
    { kind: 'gave-up' },
    { state: 'open', until: 1_000 },
  ],
  [
    'closed and the account is throttled',
    closed,
    { kind: 'throttle', minDelayMs: 0 },
    { state: 'open', blames: 'throttle' },
  ],
])('%s', ([, circuit, finding, to]) => {
  expect(after(circuit, finding)).toMatchObject(to)
})

test('a refused password may be left to those who mend it', () => {
  const policy = { ...DEFAULT_CIRCUIT_POLICY, authDelayMs: Infinity }
  const circuit = afterFinding(closed, { kind: 'auth' }, policy, 1_000, () => 0.5)
  expect(circuit).toMatchObject({ state: 'open', until: NEVER })
  expect(JSON.parse(JSON.stringify(circuit))).toEqual(circuit)
  expect(afterMending(circuit, 2_000)).toMatchObject({ state: 'open', until: 1_000 })
})

test('the wait between probes doubles up to a minute', () => {
  const waits = Array.from({ length: 10 }, (_, failures) => {
    const circuit = after(half(failures), { kind: 'fault' }, 0)
    return circuit.state === 'open' ? circuit.until : undefined
  })
  expect(waits).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000,
  ])
})

test.for<[what: string, finding: Finding, failures: number, from: number, to: number]>([
  ['the first fault', { kind: 'fault' }, 0, 750, 1_250],
  ['the tenth fault', { kind: 'fault' }, 9, 45_000, 75_000],
  ['the thousandth fault', { kind: 'fault' }, 999, 45_000, 75_000],
  ['a refused password', { kind: 'auth' }, 0, 300_000, 360_000],
  ['a refused password, again and again', { kind: 'auth' }, 999, 300_000, 360_000],
  ['a throttle', { kind: 'throttle', minDelayMs: 0 }, 0, 15_000, 18_000],
  ['a throttle that names a span', { kind: 'throttle', minDelayMs: 60_000 }, 0, 60_000, 72_000],
])('after %s the next probe is spread, within bounds', ([, finding, failures, from, to]) => {
  const untilWith = (random: number): number | undefined => {
    const circuit = afterFinding(half(failures), finding, DEFAULT_CIRCUIT_POLICY, 0, () => random)
    return circuit.state === 'open' ? circuit.until : undefined
  }
  expect([untilWith(0), untilWith(1)]).toEqual([from, to])
})
