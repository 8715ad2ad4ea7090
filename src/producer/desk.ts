import type { ContentStore } from '../content/content.ts'
import { openContent, type ContentOptions } from '../content/open.ts'
import { openRegistry } from '../fleet/registry.ts'
import type { RescheduleOptions } from '../job/reschedule-request.ts'
import type { Cancelled, Ledger } from '../ledger/ledger.ts'
import { openLedger } from '../ledger/open.ts'
import type { Rescheduled } from '../ledger/rescheduled.ts'
import type { Queues } from '../queue/queues.ts'
import type { Store } from '../store/store.ts'
import { accept, type Accepted } from './accept.ts'
import { createDepthGuard, type DepthGuard } from './depth-guard.ts'
import type { Enqueued } from './enqueue.ts'
import { MailroomClosedError } from './errors.ts'
import { releaseRefused } from './keep-contents.ts'
import { letGo } from './let-go.ts'
import { createNotedNames, type NotedNames } from './noted-names.ts'
import { reschedule } from './reschedule.ts'
import { retry, type Retried, type RetryOptions } from './retry.ts'
import { settleUncertain, type UncertainAnswer, type UncertainChoice } from './settle-uncertain.ts'

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
  /** Where content beside the queue is; in the store of the queue by default. */
  readonly content?: ContentOptions
  /** Faults that no call hears of, such as a lost idle connection. */
  readonly onError?: (error: unknown) => void
}

/** What is open while the store is. */
export interface OpenDesk {
  readonly store: Store
  readonly queues: Queues
  readonly ledger: Ledger
  readonly guard: DepthGuard
  readonly contents: ContentStore
  readonly names: NotedNames
}

/** Takes prepared messages into the store, which it opens when it is first needed. */
export interface Desk {
  /** Rejects with `MailroomClosedError` once the desk is closed; so do the others. */
  open(): Promise<OpenDesk>
  /** One answer per message, up to the first that is refused when that one `stopsAtRefused`. */
  accept(mails: readonly Enqueued[], stopsAtRefused: boolean): Promise<readonly Accepted[]>
  cancel(id: string): Promise<Cancelled>
  reschedule(id: string, when: RescheduleOptions): Promise<Rescheduled>
  retry(id: string, options: RetryOptions): Promise<Retried>
  settleUncertain(id: string, choice: UncertainChoice): Promise<UncertainAnswer>
  /** Opens no more from now on, and closes the store after `last`. */
  close(last: () => Promise<void>): Promise<void>
}

const DEFAULT_MAX_DEPTH = 1_000_000

/** Opens nothing yet. A failed opening is tried again by the next call. */
export function openDesk(options: DeskOptions): Desk {
  let opening: Promise<OpenDesk> | undefined
  let closed: Promise<void> | undefined

  const open = async (): Promise<OpenDesk> => {
    if (closed !== undefined) throw new MailroomClosedError()
    opening ??= openAll(options)
    try {
      return await opening
    } catch (error) {
      opening = undefined
      throw error
    }
  }

  const close = async (last: () => Promise<void>): Promise<void> => {
    try {
      await last()
    } finally {
      const desk = await opening?.catch(() => undefined)
      await desk?.queues.close()
      await desk?.store.close()
    }
  }

  return {
    open,
    accept: async (mails, stopsAtRefused) => acceptAt(await open(), mails, stopsAtRefused, options),
    cancel: async (id) => cancel(id, await open(), options),
    reschedule: async (id, when) => {
      const { retentionMs, onError } = options
      return reschedule(id, when, { ...(await open()), retentionMs, onError })
    },
    retry: async (id, how) => retry(id, how, await open()),
    settleUncertain: async (id, choice) =>
      settleUncertain(id, choice, await open(), (error) => options.onError?.(error)),
    close: (last) => (closed ??= close(last)),
  }
}

async function openAll(options: DeskOptions): Promise<OpenDesk> {
  // The queue's packages are the largest: they are loaded with the first call, not with the import.
  const [{ openStore }, { openQueues }] = await Promise.all([
    import('../store/open.ts'),
    import('../queue/open.ts'),
  ])
  const store = await openStore(await options.locate(), { ...options, patience: 'fail-fast' })
  try {
    const queues = await openQueues(store)
    const { retentionMs, maxDepth = DEFAULT_MAX_DEPTH } = options
    const ledger = await openLedger(store, retentionMs === undefined ? {} : { retentionMs })
    const contents = openContent(store, options.content)
    const names = createNotedNames(openRegistry(store))
    return { store, queues, ledger, contents, names, guard: createDepthGuard(queues, maxDepth) }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function acceptAt(
  desk: OpenDesk,
  mails: readonly Enqueued[],
  stopsAtRefused: boolean,
  { onError }: DeskOptions,
): Promise<readonly Accepted[]> {
  const answers = await accept(mails, { ...desk, now: Date.now, stopsAtRefused })
  // Who was accepted must not hear that something else could not be tidied up.
  await releaseRefused(mails, answers, desk).catch((error: unknown) => onError?.(error))
  for (const answer of answers) {
    if (!('superseded' in answer) || answer.superseded === undefined) continue
    await tidyUp(answer.superseded, desk).catch((error: unknown) => onError?.(error))
  }
  return answers
}

async function tidyUp(id: string, desk: OpenDesk): Promise<void> {
  const record = await desk.ledger.get(id)
  if (record !== undefined) await letGo(record, desk)
}

async function cancel(id: string, desk: OpenDesk, { onError }: DeskOptions): Promise<Cancelled> {
  const { ledger, queues } = desk
  const cancelled = await ledger.cancel(id)
  if (cancelled.kind !== 'cancelled') return cancelled
  const record = await ledger.get(id)
  if (record === undefined) return cancelled
  // Also when it is not cancelled: what was refused before the rest was is refused.
  await queues.remove(record.connection, id).catch(() => false)
  await letGo(record, desk).catch((error: unknown) => onError?.(error))
  return cancelled
}
