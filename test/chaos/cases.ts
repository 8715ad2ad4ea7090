import { CLOCK_STEPS } from './cases/clock-steps.ts'
import { FROZEN_PAST_DOT, FROZEN_WORKERS } from './cases/frozen-workers.ts'
import { KILLED_STORE } from './cases/killed-store.ts'
import { KILLED_WORKERS } from './cases/killed-workers.ts'
import { MISDEEDS } from './cases/misdeeds.ts'
import { SHUTDOWN } from './cases/shutdown.ts'
import { CUT_STORE, STALLED_FOR_ONE, STALLED_STORE } from './cases/stalled-store.ts'
import { STOLEN_JOBS } from './cases/stolen-jobs.ts'
import type { ChaosCase } from './run-case.ts'

/** Every kind of harm, in the order of the table. */
export const CASES: readonly ChaosCase[] = [
  ...MISDEEDS,
  KILLED_WORKERS,
  FROZEN_WORKERS,
  FROZEN_PAST_DOT,
  STOLEN_JOBS,
  CLOCK_STEPS,
  KILLED_STORE,
  STALLED_STORE,
  CUT_STORE,
  STALLED_FOR_ONE,
  SHUTDOWN,
]
