import { setTimeout as sleep } from 'node:timers/promises'

import {
  createMailroom,
  isMailroomError,
  type Mailroom,
  type MessageRecord,
  type TimelineEntry,
  type WorkerHooks,
} from '../../src/index.ts'
import { account, type Account, type Evidence, type Policy } from './accountant.ts'
import { RELAY, type ChaosStore, type StoreKind } from './chaos-store.ts'
import { sendLoad } from './load.ts'
import { openMachine, type Machine, type Proxied, type RelayProperties } from './machine.ts'
import { GOOD, type Plan } from './misdeeds.ts'

/** One kind of harm, and how to do it. */
export interface ChaosCase {
  /** As the table calls the fault. */
  readonly name: string
  readonly stores: readonly StoreKind[]
  readonly plan?: Omit<Plan, 'seed'>
  /** 2 by default. */
  readonly workers?: number
  readonly relay?: RelayProperties
  readonly hooks?: WorkerHooks
  /** Nobody by default. */
  readonly proxied?: Proxied
  /** How long a worker finishes what is in flight when it stops; 10,000 by default. */
  readonly stopWithinMs?: number
  /** How long a sender rests between two messages; it does not by default. */
  readonly paceMs?: number
  /** `mostly known` by default. */
  readonly fate?: Fate
  /** Whether the producer cannot go on without idempotency keys, since its store goes away. */
  readonly hasKeys?: boolean
  /** Does the harm while mail flows; answers how often, since a case that does none proves nothing. */
  readonly drive?: (machine: Machine, options: DriveOptions) => Promise<number>
}

/**
 * What workers know of the messages in spite of a fault. `known`: of all of them, so that none may be
 * uncertain. `in doubt`: of some nobody can know it, and the policies differ.
 */
type Fate = 'known' | 'mostly known' | 'in doubt'

export interface DriveOptions {
  /** How often it is to be done. */
  readonly times: number
}

export interface RunOptions extends DriveOptions {
  readonly policy: Policy
  readonly messages: number
  readonly seed: number
  /** After this long whatever has not ended never will. */
  readonly deadlineMs?: number
}

/** Which run it is. */
export interface RunName {
  readonly name: string
  readonly store: StoreKind
  readonly policy: Policy
  readonly messages: number
  readonly seed: number
  readonly times: number
}

/** What came of a run; it is right when nothing is wrong. */
export interface Run extends Account, RunName {
  /** How often harm was done. */
  readonly harm: number
  readonly ms: number
}

const DEADLINE_MS = 120_000
const STOP_WITHIN_MS = 10_000
/** A worker that takes longer than this to end after SIGTERM is faulty. */
const END_WITHIN_MS = 30_000
const LOOK_MS = 50
const MAX_WRONGS = 10
const LAST_LOOK_MS = 500

/** Sends mail through a machine that is hurt meanwhile, waits until nothing moves, and counts. */
export async function runCase(
  chaos: ChaosCase,
  store: ChaosStore,
  { policy, messages, seed, times, deadlineMs = DEADLINE_MS }: RunOptions,
): Promise<Run> {
  const startedAt = performance.now()
  const deadline = AbortSignal.timeout(deadlineMs)
  const ended = new AbortController()
  await using machine = await openMachine(store, {
    plan: { ...(chaos.plan ?? GOOD), seed: `${seed}/${chaos.name}` },
    policy,
    workers: chaos.workers ?? 2,
    relay: chaos.relay ?? {},
    hooks: chaos.hooks ?? {},
    proxied: chaos.proxied ?? 'none',
    stopWithinMs: chaos.stopWithinMs ?? STOP_WITHIN_MS,
    count: messages,
    over: AbortSignal.any([deadline, ended.signal]),
  })
  await using mailroom = createMailroom(machine.config, { onWarning: () => {} })
  const { hasKeys = false, paceMs = 0 } = chaos
  const driving = chaos.drive?.(machine, { times })
  const failed = new AbortController()
  driving?.catch(() => failed.abort())
  const given = AbortSignal.any([deadline, failed.signal])
  const load = { count: messages, hasKeys, paceMs, signal: given }
  const accepted = await sendLoad(mailroom, load)
  await settle(mailroom, accepted, given)
  ended.abort()
  const driven = (await driving) ?? 0
  const wrongs = await comeToRest(mailroom, accepted, machine, deadline)

  const evidence = await gather(mailroom, accepted, policy, machine)
  const misdeeds = Object.values(await machine.server.performed())
  const harm = driven + misdeeds.reduce((sum, each) => sum + each, 0)
  if (harm === 0) wrongs.push('no harm was done')
  const balance = account(evidence)
  if (chaos.fate === 'known' && balance.uncertain > 0) {
    wrongs.push(`${balance.uncertain} messages were uncertain without need`)
  }
  return {
    name: chaos.name,
    store: store.kind,
    policy,
    seed,
    times,
    harm,
    ms: performance.now() - startedAt,
    ...balance,
    wrongs: shortened([...wrongs, ...balance.wrongs]),
  }
}

/** What is wrong with hundreds of messages is wrong with ten. */
function shortened(wrongs: readonly string[]): readonly string[] {
  const more = wrongs.length - MAX_WRONGS
  return more <= 0 ? wrongs : [...wrongs.slice(0, MAX_WRONGS), `and ${more} more`]
}

/**
 * Ends all workers, so that nobody is left who could still send something. What one of them knew and
 * wrote only now may have opened a message again: then another one goes on.
 */
async function comeToRest(
  mailroom: Mailroom,
  accepted: ReadonlyMap<number, string>,
  machine: Machine,
  deadline: AbortSignal,
): Promise<string[]> {
  for (;;) {
    const wrongs = await stop(machine)
    const left = await settle(mailroom, accepted, AbortSignal.timeout(LAST_LOOK_MS))
    if (left === undefined || deadline.aborted)
      return left === undefined ? wrongs : [...wrongs, left]
    await machine.addWorker()
    await settle(mailroom, accepted, deadline)
  }
}

/** Waits until every message is at its end, and no job is left for any; answers what is left. */
async function settle(
  mailroom: Mailroom,
  accepted: ReadonlyMap<number, string>,
  deadline: AbortSignal,
): Promise<string | undefined> {
  const open = new Set(accepted.values())
  let left = 'nobody could ask for jobs'
  do {
    try {
      for (const id of open) {
        if (!isOver(await mailroom.get(id))) break
        open.delete(id)
      }
      const { waiting, active, delayed } = await mailroom.status(RELAY)
      if (open.size + waiting + active + delayed === 0) return undefined
      left = `${waiting} jobs waiting, ${active} active, ${delayed} delayed`
    } catch (error) {
      // The store is one of those that are hurt.
      if (!isMailroomError(error) || error.code !== 'STORE_UNREACHABLE') throw error
    }
    await sleep(LOOK_MS)
  } while (!deadline.aborted)
  return `it never came to rest: ${open.size} messages, ${left}`
}

function isOver(record: MessageRecord | undefined): boolean {
  if (record === undefined) return false
  return !['queued', 'active', 'deferred'].includes(record.state)
}

async function stop({ all }: Machine): Promise<string[]> {
  const endings = await Promise.all(all.map((worker) => worker.stop(END_WITHIN_MS)))
  return endings.filter((wrong) => wrong !== undefined)
}

async function gather(
  mailroom: Mailroom,
  accepted: ReadonlyMap<number, string>,
  policy: Policy,
  { all, server }: Machine,
): Promise<Evidence> {
  const events = (await Promise.all(all.map((worker) => worker.events()))).flat()
  const told = new Set(events.flatMap((event) => (event.event === 'uncertain' ? [event.id] : [])))
  const records = new Map<number, MessageRecord | undefined>()
  const everUncertain = new Set<number>()
  for (const [number, id] of accepted) {
    records.set(number, await mailroom.get(id))
    // A worker may have been killed before it could tell, but not before it was written down.
    const isWritten = (await mailroom.history(id))?.entries.some(isDoubt) ?? false
    if (told.has(id) || isWritten) everUncertain.add(number)
  }
  return { policy, accepted, book: await server.book(), records, everUncertain }
}

function isDoubt(entry: TimelineEntry): boolean {
  if (entry.kind === 'turned-uncertain') return true
  return entry.kind === 'attempt' && entry.outcomes.some(({ state }) => state === 'uncertain')
}

/** The command that does the same again. */
export function commandOf({ name, store, policy, messages, seed, times }: RunName): string {
  const what = `--only "${name}" --store ${store} --policy ${policy}`
  return `./dev run bench/accounting.ts ${what} --messages ${messages} --times ${times} --seed ${seed}`
}
