import type { KnownName } from '../fleet/fleet.ts'
import { pausedMsSince } from '../fleet/manager-pauses.ts'
import { msCovered } from '../fleet/spans.ts'
import { parseJob } from '../job/parse-job.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import type { Judgement } from '../ledger/ledger.ts'
import type { DeadJob, TakenJob } from '../queue/queues.ts'
import { reasonOf } from './judged.ts'
import { expire, type Waited } from './sweep-ending.ts'
import type { SweepContext, SweepMemory } from './sweep-context.ts'
import { recordFor } from './sweep-record.ts'

const PER_PAGE = 50
const MAX_PAGES = 20

/**
 * Expires messages of names that no worker serves: those whose `notAfter` is over, and those that
 * were waiting for longer than retries last, counted from the last time that a worker served the
 * name, and without the time in which an operator had paused it. Says how many.
 */
export async function expireUntaken(memory: SweepMemory, context: SweepContext): Promise<number> {
  const { names, workers } = await context.registry.list()
  const served = new Set(workers.flatMap((worker) => worker.names))
  let count = 0
  for (const known of names) {
    if (served.has(known.name)) continue
    for (const state of ['waiting', 'delayed'] as const) {
      const walked = await walk(known, state, memory, context)
      count += walked.count
      if (!walked.mayGoOn) return count
    }
  }
  return count
}

/** Walks on through one queue, a bounded way. */
async function walk(
  known: KnownName,
  state: 'waiting' | 'delayed',
  { offsets }: SweepMemory,
  context: SweepContext,
): Promise<{ readonly count: number; readonly mayGoOn: boolean }> {
  const key = `${state} ${known.name}`
  let offset = offsets.get(key) ?? 0
  let count = 0
  offsets.delete(key)
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const jobs = await context.queues.page(known.name, state, offset, PER_PAGE)
    const { expired, left } = await lookAt(jobs, known, context)
    count += expired
    offset += left
    if (!(await context.goOn())) return { count, mayGoOn: false }
    if (jobs.length < PER_PAGE) return { count, mayGoOn: true }
  }
  offsets.set(key, offset)
  return { count, mayGoOn: true }
}

async function lookAt(
  jobs: readonly TakenJob[],
  known: KnownName,
  context: SweepContext,
): Promise<{ readonly expired: number; readonly left: number }> {
  const dead: DeadJob[] = []
  let expired = 0
  for (const { data } of jobs) {
    const parsed = parseJob(data)
    // What cannot be read is left for a worker to refuse.
    if (parsed.kind !== 'job') continue
    const { job } = parsed
    const { id, envelope } = job
    const record = await recordFor(id, context)
    if (record === 'unreadable') continue
    const ageMs = record === undefined ? 0 : context.now() - record.acceptedAt.getTime()
    const dueAt = record?.notBefore?.getTime()
    const due = dueAt === undefined ? job : { ...job, notBefore: dueAt }
    const waited = { ageMs, held: record?.held ?? [] }
    if (isOverdue(due, known, waited, context) === undefined) continue
    const judge = async (claimed: Waited) => isOverdue(due, known, claimed, context)
    const connection = known.name
    const ended = await expire({ id, connection, recipients: envelope.to, judge }, context)
    if (ended.kind === 'expired') {
      const { last, pending } = ended
      context.emit({ event: 'expired', id, connection, pending, ...ruleOf(last) })
      dead.push({ id, reason: reasonOf('expired', last) })
      expired += 1
    } else if (ended.kind === 'settled' && isHeld(ended.state)) {
      dead.push({ id, reason: ended.state })
    } else if (ended.kind === 'settled') await context.queues.remove(connection, id)
  }
  const buried = await context.queues.bury(known.name, dead)
  return { expired, left: jobs.length - buried.length }
}

/**
 * The record's age is the store's word; the job's times are the producer's clock. What was held and
 * paused at once counts once.
 */
function isOverdue(
  { acceptedAt, notBefore = 0, notAfter }: SendMailJob,
  { name, servedAt }: KnownName,
  { ageMs, held }: Waited,
  { now, retry, pauses }: SweepContext,
): Judgement | undefined {
  if (notAfter !== undefined && now() >= notAfter) {
    const text = 'the time after which it must not be sent is over, and no worker served its name'
    return { rule: 'local.not-after', text }
  }
  const since = Math.max(acceptedAt, notBefore, servedAt?.getTime() ?? 0)
  const untakenMs = Math.min(ageMs, now() - since - msCovered(held, since))
  const pausedMs = pausedMsSince(pauses.of(name), since, now(), held)
  if (untakenMs - pausedMs <= retry.giveUpAfterMs) return undefined
  return { rule: 'local.no-worker', text: 'no worker served its name within the time for retries' }
}

function isHeld(state: string): boolean {
  return state === 'refused' || state === 'expired' || state === 'uncertain'
}

function ruleOf({ rule = '' }: Judgement): { readonly rule: string } {
  return { rule }
}
