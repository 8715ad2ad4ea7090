import { setTimeout as sleep } from 'node:timers/promises'

import type { Job, Processor } from 'bullmq'

import { StoreUnreachableError } from '../store/errors.ts'
import { abandonJob, endJob } from './endings.ts'
import { JobLockLostError } from './errors.ts'
import { createHandBack } from './hand-back.ts'
import type { HandBack } from './hand-back.ts'
import type { Ending, Handler } from './queues.ts'
import type { Run, RunningJobs } from './running-jobs.ts'

export interface ProcessorOptions {
  readonly handler: Handler
  readonly runs: RunningJobs
  /** Whether a job that comes all the same goes back unseen. */
  readonly isHeld: () => boolean
  /** Called synchronously before a job goes back. */
  readonly onBack: () => void
  readonly onSuccess: () => void
  /** Whether endings are left to others, since the consumer is closed. */
  readonly isAbandoned: () => boolean
  readonly restoreOrder: (newestFirst: readonly string[]) => Promise<void>
  readonly report: (error: unknown) => void
}

const RETRY_MS = 500
const BACK: Ending = { kind: 'back' }

/** Makes what BullMQ calls for every job, and the collector of jobs on their way back. */
export function createProcessor(options: ProcessorOptions): {
  readonly process: Processor
  readonly handBack: HandBack<Run>
} {
  const { handler, runs } = options
  let undecided = 0
  const handBack = createHandBack<Run>({
    stillRunning: () => undecided,
    takenAs: (run) => run.takenAs,
    putBack: (newestFirst) => putBack(newestFirst, options),
  })

  async function decide(run: Run): Promise<Ending> {
    // A fetch that was under way when the valve closed still brings a job.
    if (options.isHeld()) return BACK
    const { id = '', data } = run.job
    const ending = await handler({ id, data }, run.controller.signal)
    options.onSuccess()
    return ending
  }

  async function decideAndCount(run: Run): Promise<Ending> {
    undecided += 1
    try {
      return await decide(run)
    } catch (error) {
      options.report(error)
      throw error
    } finally {
      undecided -= 1
    }
  }

  async function process(job: Job, token = ''): Promise<void> {
    const run = runs.start(job, token)
    try {
      const ending = await decideAndCount(run)
      if (isLost(run) || options.isAbandoned()) abandonJob()
      if (ending.kind === 'back') options.onBack()
      else handBack.check()
      await endJob(job, token, ending, {
        handBack: () => handBack.add(run),
        persist: (step) => persist(step, run, options),
      })
    } catch (error) {
      handBack.check()
      if (isLost(run) || options.isAbandoned()) abandonJob()
      throw error
    } finally {
      runs.end(run)
    }
  }
  return { process, handBack }
}

function isLost({ controller }: Run): boolean {
  return controller.signal.reason instanceof JobLockLostError
}

/** A store that is down is asked again until it answers: the ending is decided, only not written. */
async function persist(
  step: () => Promise<unknown>,
  run: Run,
  { isAbandoned, report }: ProcessorOptions,
): Promise<void> {
  for (;;) {
    try {
      await step()
      return
    } catch (error) {
      if (!(error instanceof StoreUnreachableError) || isLost(run) || isAbandoned()) throw error
      report(error)
      await sleep(RETRY_MS)
    }
  }
}

/** One by one, since each goes to the head. A job that cannot go back is left to the stalled check. */
async function putBack(newestFirst: readonly Run[], options: ProcessorOptions): Promise<void> {
  const returned: string[] = []
  for (const run of newestFirst) {
    try {
      await persist(() => run.job.moveToWait(run.token), run, options)
      if (run.job.id !== undefined) returned.push(run.job.id)
    } catch (error) {
      options.report(error)
    }
  }
  await options.restoreOrder(returned).catch(options.report)
}
