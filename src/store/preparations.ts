import type { Client } from 'pg'

import { StoreBusyError } from './errors.ts'

/** Brings tables up to date, or checks them: runs before anybody else's first statement. */
export type Preparation = (client: Client) => Promise<void>

/** Tells what a preparation is about to change; nothing when all is as it has to be. */
export type MigrationPlan = (client: Client) => Promise<PlannedChange | undefined>

/** One thing in the database that changes from a version (0: it is not there) to another one. */
export interface PlannedChange {
  readonly what: string
  readonly from: number
  readonly to: number
}

/** The steps that must have succeeded before any other statement. */
export interface Preparations {
  add(step: Preparation, plan: MigrationPlan): void
  isPending(): boolean
  /** Runs what is pending, in the order in which it was added; calls at the same time share a run. */
  run(): Promise<void>
  changes(): readonly PlannedChange[]
}

export interface PreparationLock {
  readonly name: string
  /** How long it, and each lock on a table, is waited for. */
  readonly waitMs: number
  /** Safe for printing. */
  readonly location: string
}

interface PreparationOptions {
  /** Runs `work` on a connection of its own. */
  readonly session: (work: (client: Client) => Promise<void>) => Promise<void>
  /** What runs of several processes take turns under. */
  readonly lock: PreparationLock | undefined
  /** Whether plans are asked and steps left out. */
  readonly plansOnly: boolean
}

export function createPreparations({ session, lock, plansOnly }: PreparationOptions): Preparations {
  const pending: { readonly step: Preparation; readonly plan: MigrationPlan }[] = []
  const changes: PlannedChange[] = []
  let running: Promise<void> | undefined

  async function runInTurn(client: Client): Promise<void> {
    if (lock === undefined) return runAll(client)
    const { name, waitMs, location } = lock
    try {
      await client.query(`select set_config('lock_timeout', $1, false)`, [String(waitMs)])
      // Taken by the session, as the time-out is: both end with it.
      await client.query('select pg_advisory_lock(hashtext($1))', [name])
      await runAll(client)
    } catch (error) {
      if (isLockTimeout(error)) throw new StoreBusyError(location, waitMs, { cause: error })
      throw error
    }
  }

  async function runAll(client: Client): Promise<void> {
    for (let first = pending[0]; first !== undefined; first = pending[0]) {
      const change = await first.plan(client)
      if (!plansOnly) await first.step(client)
      if (change !== undefined) changes.push(change)
      pending.shift()
    }
  }
  return {
    add: (step, plan) => void pending.push({ step, plan }),
    isPending: () => pending.length > 0,
    run: () => (running ??= session(runInTurn).finally(() => (running = undefined))),
    changes: () => [...changes],
  }
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '55P03'
}
