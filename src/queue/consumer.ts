import { setTimeout as sleep } from 'node:timers/promises'

import type { Processor, Worker } from 'bullmq'

import { isAway } from '../store/away.ts'
import { StoreUnreachableError } from '../store/errors.ts'
import { translateStoreError } from '../store/refusal.ts'
import type { Bull } from './bull.ts'
import { maxSkewMs } from './clock.ts'
import { closeWorker } from './close-worker.ts'
import { ConsumerStoppedError, JobInterruptedError, JobLockLostError } from './errors.ts'
import { createHotLoopGuard } from './hot-loop-guard.ts'
import type { HotLoopGuard } from './hot-loop-guard.ts'
import { createProcessor } from './processor.ts'
import type { ConsumeOptions, Consumer, Handler } from './queues.ts'
import { createRunningJobs } from './running-jobs.ts'
import type { RunningJobs } from './running-jobs.ts'
import { checkStalled, type StalledCheck } from './stalled-check.ts'
import { throttleReport } from './throttled-report.ts'
import { createValve } from './valve.ts'
import type { Valve } from './valve.ts'

const RETRY_MS = 500
const BREATHER_MS = 1000
const DEFAULT_LOCK_MS = 60_000
const DEFAULT_STALLED_CHECK_MS = 30_000
const DEFAULT_GRACE_MS = 5000

/** Everything that the parts of one consumer share. */
interface Parts {
  readonly name: string
  readonly bull: Bull
  readonly location: string
  readonly options: ConsumeOptions
  readonly runs: RunningJobs
  readonly valve: Valve
  readonly guard: HotLoopGuard
  readonly process: Processor
  readonly closing: AbortController
  readonly report: (error: unknown) => void
  worker: Worker | undefined
  /** As it was last wished for, perhaps before the worker was up. */
  concurrency: number
}

/** Starts to take jobs of `name`, as soon as the store can be reached. */
export function startConsumer(
  bull: Bull,
  location: string,
  name: string,
  handler: Handler,
  options: ConsumeOptions,
): Consumer {
  const parts = assemble(bull, location, name, handler, options)
  const { runs, valve } = parts
  if (options.concurrency === 0) valve.hold('no-concurrency')
  let stopping: Promise<void> | undefined
  const stalledCheck = checkStalled({
    worker: () => parts.worker,
    everyMs: options.stalledCheckMs ?? DEFAULT_STALLED_CHECK_MS,
    isClockOff: () => isClockOff(options),
    onFault: (error) => parts.report(translateStoreError(location, error)),
  })
  const started = start(parts).then(stalledCheck.look)

  return {
    name,
    get active() {
      return runs.size
    },
    get isParked() {
      return valve.isHeld('parked')
    },
    park: () => valve.hold('parked'),
    unpark: () => valve.release('parked', 'breather'),
    setConcurrency(wanted) {
      const isRaised = wanted > parts.concurrency
      parts.concurrency = wanted
      if (wanted === 0) {
        valve.hold('no-concurrency')
        return Promise.resolve()
      }
      if (parts.worker !== undefined) parts.worker.concurrency = wanted
      if (valve.isHeld('no-concurrency')) return valve.release('no-concurrency')
      return isRaised && runs.size > 0 ? valve.nudge() : Promise.resolve()
    },
    interrupt: () => runs.abort(new JobInterruptedError(name)),
    quiet: () => valve.hold('stopped'),
    stop(deadlineMs, graceMs = DEFAULT_GRACE_MS) {
      stopping ??= stop(parts, started, stalledCheck, deadlineMs, graceMs)
      return stopping
    },
  }
}

function assemble(
  bull: Bull,
  location: string,
  name: string,
  handler: Handler,
  options: ConsumeOptions,
): Parts {
  const closing = new AbortController()
  const report = throttleReport((error) => {
    if (!closing.signal.aborted) options.onError(error)
  })
  const runs = createRunningJobs()
  const guard = createHotLoopGuard(() => {
    if (guard.isTripped) valve.hold('faults')
    else void valve.release('faults')
  })
  const { process, handBack } = createProcessor({
    handler,
    runs,
    report,
    now: options.now ?? Date.now,
    isHeld: () => valve.isHeld() || isClockOff(options),
    isAbandoned: () => closing.signal.aborted,
    onBack: () => breathe(valve, closing.signal),
    onSuccess: () => guard.success(),
    restoreOrder: (ids) => bull.restoreOrder(bull.nameOf(name), ids),
  })
  const valve = createValve(() => handBack.idle(), report)
  return {
    name,
    bull,
    location,
    options,
    runs,
    valve,
    guard,
    process,
    closing,
    report,
    worker: undefined,
    concurrency: options.concurrency,
  }
}

/** Its owner parks it when nothing is admissible; if not, the job would be back at once. */
function breathe(valve: Valve, signal: AbortSignal): void {
  if (valve.isHeld('parked') || valve.isHeld('breather')) return
  valve.hold('breather')
  sleep(BREATHER_MS, undefined, { signal })
    .then(() => valve.release('breather'))
    .catch(() => undefined)
}

/** Builds a worker, and another one when that does not come up: BullMQ keeps its first failure. */
async function start(parts: Parts): Promise<void> {
  const { closing, report, valve } = parts
  while (!closing.signal.aborted && !valve.isHeld('stopped')) {
    const worker = openWorker(parts)
    try {
      await Promise.race([worker.waitUntilReady(), aborted(closing.signal)])
      parts.worker = worker
      worker.concurrency = Math.max(1, parts.concurrency)
      await valve.use(worker)
      return
    } catch (error) {
      report(error)
      await closeWorker(worker, true)
      await sleep(RETRY_MS)
    }
  }
}

function openWorker(parts: Parts): Worker {
  const { bull, name, options, process, location, runs, guard, report } = parts
  const worker = bull.openWorker(bull.nameOf(name), process, {
    concurrency: 1,
    lockDuration: options.lockMs ?? DEFAULT_LOCK_MS,
    stalledInterval: options.stalledCheckMs ?? DEFAULT_STALLED_CHECK_MS,
  })
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) {
      const lost = new JobLockLostError(name, id)
      runs.abort(lost, id)
      report(lost)
    }
  })
  worker.on('error', (error) => {
    if (error.message.startsWith('could not renew lock')) return
    // Connections that block are BullMQ's own, and speak as their client does.
    const translated = translateStoreError(location, error)
    // BullMQ waits for one that is away, and asks one that answers with errors without a pause.
    if (!(translated instanceof StoreUnreachableError)) guard.fault()
    report(isAway(translated) ? translated : error)
  })
  return worker
}

/** Whether a job would be taken with a lock of a wrong time. */
function isClockOff({ now = Date.now, lockMs = DEFAULT_LOCK_MS }: ConsumeOptions): boolean {
  return Math.abs(Date.now() - now()) > maxSkewMs(lockMs)
}

async function stop(
  parts: Parts,
  started: Promise<void>,
  stalledCheck: StalledCheck,
  deadlineMs: number,
  graceMs: number,
): Promise<void> {
  const { name, runs, valve, guard, closing } = parts
  valve.hold('stopped')
  if (!(await runs.settled(deadlineMs))) {
    runs.abort(new ConsumerStoppedError(name))
    await runs.settled(graceMs)
  }
  stalledCheck[Symbol.dispose]()
  guard.close()
  // A fetch that was under way may have taken again what just went back. Until BullMQ has closed,
  // whatever comes is handed back; only what cannot be waited for is left to the stalled check.
  if (runs.size > 0 || parts.worker === undefined) closing.abort()
  if (parts.worker === undefined) await started
  if (parts.worker !== undefined) await closeWorker(parts.worker, runs.size > 0)
  closing.abort()
}

function aborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  if (signal.aborted) reject(signal.reason)
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
