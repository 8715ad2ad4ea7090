import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Policy } from './accountant.ts'
import { openChaosStore, type ChaosStore, type StoreKind } from './chaos-store.ts'
import { CLOCK_STEPS } from './cases/clock-steps.ts'
import { FROZEN_WORKERS } from './cases/frozen-workers.ts'
import { KILLED_STORE } from './cases/killed-store.ts'
import { KILLED_WORKERS } from './cases/killed-workers.ts'
import { ALL_MISDEEDS } from './cases/misdeeds.ts'
import { SHUTDOWN } from './cases/shutdown.ts'
import { STALLED_FOR_ONE } from './cases/stalled-store.ts'
import { STOLEN_JOBS } from './cases/stolen-jobs.ts'
import { commandOf, runCase, type ChaosCase } from './run-case.ts'

type Policies = Readonly<Partial<Record<StoreKind, Policy>>>

type Short = readonly [
  name: string,
  chaos: ChaosCase,
  messages: number,
  times: number,
  /** Under which policy on which stores; on hold on both by default. */
  policies?: Policies,
]

const ON_HOLD: Policies = { redis: 'hold', postgres: 'hold' }

/**
 * What the full run in `bench/accounting.ts` does with many messages, here with few. The cases of one
 * line share the store at the same time, each at its own place: they wait for locks and deadlines more
 * than they work. A mail server that misbehaves knows nothing of the store: there each has its policy.
 */
const SHORT: readonly (readonly Short[])[] = [
  [
    ['kill -9 of the worker at each stage', KILLED_WORKERS, 150, 3],
    ['a worker that is frozen for longer than its lock', FROZEN_WORKERS, 100, 1],
    [
      'a server that misbehaves in every way',
      ALL_MISDEEDS,
      80,
      1,
      { redis: 'hold', postgres: 'resend' },
    ],
  ],
  [
    ['several workers with the same jobs', STOLEN_JOBS, 80, 2],
    ['clocks that step by hours', CLOCK_STEPS, 100, 3],
  ],
  [
    ['a store that one worker cannot reach', STALLED_FOR_ONE, 80, 1],
    ['SIGTERM during 200 deliveries', SHUTDOWN, 240, 1],
  ],
  // Alone, since it takes the store from everybody.
  [['kill -9 of the store', KILLED_STORE, 100, 1]],
]
const SEED = 1
const DEADLINE_MS = 90_000
const TIMEOUT_MS = 120_000

/** The short form of the proof on one store. */
export function testShortForm(kind: StoreKind): void {
  let store: ChaosStore
  beforeAll(async () => {
    store = await openChaosStore(kind)
  })
  afterAll(() => store[Symbol.asyncDispose]())

  describe.each(SHORT.map((together) => ({ together })))('together', ({ together }) => {
    const here = together.flatMap(([name, chaos, messages, times, policies = ON_HOLD]) => {
      const policy = policies[kind]
      return policy === undefined ? [] : [{ name, chaos, messages, times, policy }]
    })
    test.concurrent.for(here)(
      '$name, on $policy: nothing is lost or sent twice blindly',
      { timeout: TIMEOUT_MS },
      async ({ chaos, ...options }) => {
        const given = { ...options, seed: SEED, deadlineMs: DEADLINE_MS }
        const run = await runCase(chaos, store, given)
        expect(run.wrongs, `again: ${commandOf(run)}`).toEqual([])
        expect(run).toMatchObject({ messages: options.messages, lost: 0 })
        expect(run.duplicated).toBeLessThanOrEqual(options.policy === 'hold' ? 0 : run.uncertain)
      },
    )
  })
}
