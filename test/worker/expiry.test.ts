import { expect, test } from 'vitest'

import { mayTry } from '../../src/worker/expiry.ts'
import { createParking } from '../../src/worker/parking.ts'
import { createShutSpans } from '../../src/worker/shut-spans.ts'

type Job = Parameters<typeof mayTry>[0]
type Claim = Parameters<typeof mayTry>[1]
type Context = Parameters<typeof mayTry>[2]
type Span = readonly [from: number, to: number]

const START = 1_000_000
const GIVE_UP_AFTER_MS = 100

interface Life {
  /** When it was due; at the start unless said otherwise. */
  readonly due?: number
  readonly held: readonly Span[]
  readonly parked: readonly Span[]
  readonly now: number
}

const LIVES: readonly (readonly [what: string, life: Life, mayBeTried: boolean])[] = [
  ['is neither', { held: [], parked: [], now: 100 }, true],
  ['is neither for too long', { held: [], parked: [], now: 101 }, false],
  ['is held', { held: [[10, 60]], parked: [], now: 150 }, true],
  ['is parked', { held: [], parked: [[10, 60]], now: 150 }, true],
  ['is held, and then parked', { held: [[10, 60]], parked: [[60, 90]], now: 180 }, true],
  ['is both at once', { held: [[10, 60]], parked: [[10, 60]], now: 150 }, true],
  ['is both at once for too long', { held: [[10, 60]], parked: [[10, 60]], now: 151 }, false],
  ['is held while parked', { held: [[30, 40]], parked: [[10, 60]], now: 151 }, false],
  ['is parked while held', { held: [[10, 60]], parked: [[30, 70]], now: 161 }, false],
  ['was due late, and held', { due: 100, held: [[110, 160]], parked: [], now: 250 }, true],
  ['was due late, and held then', { due: 100, held: [[110, 160]], parked: [], now: 251 }, false],
]

test.for(LIVES)('a message that %s ages only while it could be sent', ([, life, may]) => {
  const { due = 0 } = life
  const heldMs = life.held.reduce((sum, [from, to]) => sum + to - from, 0)
  const claim: Claim = {
    kind: 'claimed',
    fence: 1,
    pending: [0],
    attempts: 0,
    claims: 1,
    breaks: 0,
    ageMs: life.now - heldMs,
    turned: 0,
    held: life.held.map(spanOf),
  }
  const job = { acceptedAt: START, notBefore: START + due } as Job
  const retry = { giveUpAfterMs: GIVE_UP_AFTER_MS, maxClaims: 20 } as Context['retry']
  for (const parkedMsSince of [parkingOf(life), shutSpansOf(life)]) {
    const objection = mayTry(job, claim, { now: () => START + life.now, retry, parkedMsSince })
    expect(objection?.last?.rule).toBe(may ? undefined : 'local.give-up')
  }
})

function spanOf([from, to]: Span): { readonly from: number; readonly to: number } {
  return { from: START + from, to: START + to }
}

/** As of one connection manager. */
function parkingOf({ now, parked }: Life): Context['parkedMsSince'] {
  const parking = createParking({
    now: () => START + now,
    keepMs: GIVE_UP_AFTER_MS,
    onPark: () => undefined,
    spansOfFleet: () => parked.map(spanOf),
    look: () => Promise.reject(new Error('nobody looks')),
    onFault: () => undefined,
  })
  return (since, besides) => parking.msSince(since, besides)
}

/** As of a group of two. */
function shutSpansOf({ now, parked }: Life): Context['parkedMsSince'] {
  const shut = createShutSpans({ now: () => START + now, keepMs: GIVE_UP_AFTER_MS })
  const spans = parked.map(spanOf)
  return (since, besides) => shut.msSince(since, [spans, spans], besides)
}
