import { setTimeout as sleep } from 'node:timers/promises'

import type { Job, Processor } from 'bullmq'

import { isAway } from '../store/away.ts'
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
  /** The store's clock, in milliseconds since 1970. */
  readonly now: () => number
}

const RETRY_MS = 500
const BACK: Ending = { kind: 'back' }

/** Makes what BullMQ calls for every job, and the collector of jobs on their way back. */
export function createProcessor(options: ProcessorOptions): {
  readonly process: Processor
  readonly handBack: HandBack<Run>
} {
  const { handler, runs } = options
  const isOver = (run: Run): boolean => isLost(run) || options.isAbandoned()
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

  /** Counts and collects in one step: jobs that end together go back together. */
  async function handle(run: Run): Promise<{ ending: Ending; isBack?: Promise<void> }> {
    undecided += 1
    try {
      const ending = await decide(run)
      undecided -= 1
      if (ending.kind !== 'back' || isOver(run)) return { ending }
      options.onBack()
      return { ending, isBack: handBack.add(run) }
    } catch (error) {
      undecided -= 1
      options.report(error)
      throw error
    } finally {
      handBack.check()
    }
  }

  async function process(job: Job, token = ''): Promise<void> {
    const run = runs.start(job, token)
    try {
      const { ending, isBack } = await handle(run)
      if (isOver(run)) abandonJob()
      await endJob(job, token, ending, {
        handBack: () => isBack ?? Promise.resolve(),
        persist: (step) => persist(step, run, options),
        now: options.now,
      })
    } catch (error) {
      if (isOver(run)) abandonJob()
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

/** A store that is down, or cannot write, is asked again until it answers: the ending is decided, only not written. */
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
      if (!isAway(error) || isLost(run) || isAbandoned()) throw error
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
