import { openLedger } from '../ledger/open.ts'
import type { Cancelled, Ledger, Recorded } from '../ledger/ledger.ts'
import { openQueues } from '../queue/open.ts'
import type { Queues } from '../queue/queues.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { createDepthGuard, type DepthGuard } from './depth-guard.ts'
import { enqueue, type Enqueued } from './enqueue.ts'
import { IdempotencyConflictError, QueueFullError } from './errors.ts'

export interface DeskOptions {
  /** Tells the store's location, `redis://…`, `postgres://…` or `embedded:DIRECTORY`, when it is opened. */
  readonly locate: () => Promise<string>
  /** Messages that may wait under one name before `QueueFullError`; 1,000,000 by default. */
  readonly maxDepth?: number
  /** How long settled messages, and so their idempotency keys, are known; 30 days by default. */
  readonly retentionMs?: number
  /** Begins every Redis key; `mailroom` by default. */
  readonly prefix?: string
  /** Holds every Postgres table; `mailroom` by default. */
  readonly schema?: string
  /** Creates missing tables in a Postgres; an embedded store does so anyway. */
  readonly migrate?: boolean
  /** Faults that no call hears of, such as a lost idle connection. */
  readonly onError?: (error: unknown) => void
}

/** What is open while the store is. */
export interface OpenDesk {
  readonly store: Store
  readonly queues: Queues
  readonly ledger: Ledger
  readonly guard: DepthGuard
}

/** One answer per message: taken, or the error that says why not. */
export type Accepted =
  | { readonly id: string; readonly messageId: string; readonly isNew: boolean }
  | { readonly error: unknown }

/** Takes prepared messages into the store, which it opens when it is first needed. */
export interface Desk {
  open(): Promise<OpenDesk>
  /** Rejects only when the store cannot be reached. */
  accept(mails: readonly Enqueued[]): Promise<readonly Accepted[]>
  cancel(id: string): Promise<Cancelled>
  close(): Promise<void>
}

const DEFAULT_MAX_DEPTH = 1_000_000

/** Opens nothing yet. A failed opening is tried again by the next call. */
export function openDesk(options: DeskOptions): Desk {
  let opening: Promise<OpenDesk> | undefined
  let closed: Promise<void> | undefined

  const open = async (): Promise<OpenDesk> => {
    opening ??= openAll(options)
    try {
      return await opening
    } catch (error) {
      opening = undefined
      throw error
    }
  }

  const close = async (): Promise<void> => {
    const desk = await opening?.catch(() => undefined)
    await desk?.queues.close()
    await desk?.store.close()
  }

  return {
    open,
    accept: async (mails) => accept(mails, await open()),
    cancel: async (id) => cancel(id, await open()),
    close: () => (closed ??= close()),
  }
}

async function openAll(options: DeskOptions): Promise<OpenDesk> {
  const store = await openStore(await options.locate(), { ...options, patience: 'fail-fast' })
  try {
    const queues = await openQueues(store)
    const { retentionMs, maxDepth = DEFAULT_MAX_DEPTH } = options
    const ledger = await openLedger(store, retentionMs === undefined ? {} : { retentionMs })
    return { store, queues, ledger, guard: createDepthGuard(queues, maxDepth) }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function accept(mails: readonly Enqueued[], desk: OpenDesk): Promise<readonly Accepted[]> {
  const full = await fullNames(mails, desk.guard)
  const admitted = mails.filter(({ job }) => !full.has(job.connection))
  const recorded = await enqueue(admitted, { ...desk, now: Date.now })
  const answers = recorded.values()
  return mails.map(({ job }) => {
    const error = full.get(job.connection)
    return error ? { error } : answerOf(job.id, job.messageId, answers.next().value)
  })
}

async function fullNames(
  mails: readonly Enqueued[],
  guard: DepthGuard,
): Promise<ReadonlyMap<string, QueueFullError>> {
  const counts = new Map<string, number>()
  for (const { job } of mails) counts.set(job.connection, (counts.get(job.connection) ?? 0) + 1)
  const full = new Map<string, QueueFullError>()
  for (const [name, count] of counts) {
    await guard.admit(name, count).catch((error: unknown) => {
      if (!(error instanceof QueueFullError)) throw error
      full.set(name, error)
    })
  }
  return full
}

function answerOf(id: string, messageId: string, answer: Recorded | undefined): Accepted {
  if (answer?.kind === 'conflict') return { error: new IdempotencyConflictError(id) }
  return { id, messageId, isNew: answer?.kind === 'recorded' }
}

async function cancel(id: string, { ledger, queues }: OpenDesk): Promise<Cancelled> {
  const cancelled = await ledger.cancel(id)
  if (cancelled.kind === 'cancelled') {
    // Best effort: a worker that takes the job sees in the ledger that it is cancelled.
    const record = await ledger.get(id)
    if (record) await queues.remove(record.connection, id).catch(() => false)
  }
  return cancelled
}
