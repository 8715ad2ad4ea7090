import { setImmediate as nextTurn } from 'node:timers/promises'

import { SendManyError } from './errors.ts'
import { inTime } from './in-time.ts'

/** How far `sendMany` has come. */
export interface SendManyProgress {
  /** Taken into the queue, those that were known before included. */
  readonly accepted: number
  /** Of these, the ones whose idempotency key was known with the same content. */
  readonly known: number
  /** Not taken; only with `onRefused`. */
  readonly refused: number
}

export interface SendManyOptions {
  /** How many are written in one go; 500 by default. Also bounded by `chunkBytes`. */
  readonly chunkSize?: number
  /** How many bytes of jobs and of the content kept for them make one go; 4 MiB by default. */
  readonly chunkBytes?: number
  /** How long an item waits for others of its chunk, in milliseconds; 5,000 by default. */
  readonly chunkMs?: number
  /** Called after every chunk. */
  readonly onProgress?: (progress: SendManyProgress) => void
  /** Called for an item that was not accepted, and the others go on; without it the first one ends all. */
  readonly onRefused?: (index: number, error: unknown) => void
  /** Stops before the next item or chunk, also while one is awaited; what was accepted stays accepted. */
  readonly signal?: AbortSignal
}

/** What a chunk needs: how to prepare one item, and how to write several. */
export interface ChunkWriter<Item, Prepared> {
  readonly prepare: (item: Item) => Promise<{ readonly prepared: Prepared; readonly bytes: number }>
  /**
   * One answer per item: an error for an item that was not accepted. When that one is to stop the
   * others, it has the last answer, and nothing behind it was accepted.
   */
  readonly write: (
    items: readonly Prepared[],
    stopsAtRefused: boolean,
  ) => Promise<readonly WriteAnswer[]>
}

export type WriteAnswer = { readonly isNew: boolean } | { readonly error: unknown }

/** So many are prepared at a stretch: others have their turn meanwhile, and what was written leaves. */
const ITEMS_A_TURN = 25

interface Waiting<Prepared> {
  readonly index: number
  readonly prepared: Prepared
}

interface Chunk<Prepared> {
  readonly waiting: Waiting<Prepared>[]
  bytes: number
  /** When its first item has waited for long enough. */
  dueAt: number
}

/**
 * Writes everything that `items` yields, in chunks: while one is on its way to the store, the next one is
 * prepared, and waits for its answer.
 *
 * Throws `SendManyError` for the first item that is not accepted, unless `onRefused` hears of it:
 * everything before that item was accepted, and nothing behind it.
 */
export async function sendInChunks<Item, Prepared>(
  items: Iterable<Item> | AsyncIterable<Item>,
  writer: ChunkWriter<Item, Prepared>,
  options: SendManyOptions,
): Promise<SendManyProgress> {
  const { chunkSize = 500, chunkBytes = 4 * 2 ** 20, chunkMs = 5_000 } = options
  const { signal } = options
  const tally = createTally(options)
  const outlet = createOutlet(writer.write, tally)
  const stopped = signal === undefined ? outlet.failed : AbortSignal.any([signal, outlet.failed])
  let chunk = emptyChunk<Prepared>()
  /** Resolves when the chunk before is written, and this one has begun. */
  const flush = async (): Promise<void> => {
    await outlet.written()
    stopped.throwIfAborted()
    const { waiting } = chunk
    chunk = emptyChunk()
    outlet.begin(waiting)
  }

  let index = 0
  try {
    for await (const arrival of inTime(items, () => chunk.dueAt - performance.now(), stopped)) {
      if (arrival === 'late') {
        await flush()
        continue
      }
      // One item may take long: it may have files.
      stopped.throwIfAborted()
      const at = index++
      if (at % ITEMS_A_TURN === 0) await nextTurn()
      const ready = await writer.prepare(arrival.item).catch((error: unknown) => ({ error }))
      if ('error' in ready) {
        if (tally.isStrict) {
          await flush()
          await outlet.written()
        }
        tally.refuse(at, ready.error)
        continue
      }
      if (chunk.bytes + ready.bytes > chunkBytes) await flush()
      if (chunk.waiting.length === 0) chunk.dueAt = performance.now() + chunkMs
      chunk.waiting.push({ index: at, prepared: ready.prepared })
      chunk.bytes += ready.bytes
      if (chunk.waiting.length >= chunkSize || performance.now() >= chunk.dueAt) await flush()
    }
    await flush()
    await outlet.written()
    return tally.now
  } finally {
    // Whoever hears of a fault knows that nothing is on its way any more.
    await outlet.written().catch(() => undefined)
  }
}

/** Writes one chunk at a time, which is not waited for while there is something else to do. */
interface Outlet<Prepared> {
  /** Aborts with what went wrong: a source that is slow is not waited for then. */
  readonly failed: AbortSignal
  /** Only when nothing is being written. */
  begin(waiting: readonly Waiting<Prepared>[]): void
  /** Waits for what has begun; rejects when an item or the store refused. */
  written(): Promise<void>
}

function createOutlet<Prepared>(
  write: ChunkWriter<unknown, Prepared>['write'],
  tally: Tally,
): Outlet<Prepared> {
  const failed = new AbortController()
  let writing = Promise.resolve()
  const writeOut = async (waiting: readonly Waiting<Prepared>[], from: number): Promise<void> => {
    const prepared = waiting.map((one) => one.prepared)
    const answers = await write(prepared, tally.isStrict).catch((error: unknown) => {
      throw new SendManyError(from, tally.now.accepted, error)
    })
    tally.count(
      answers,
      waiting.map(({ index }) => index),
    )
  }
  return {
    failed: failed.signal,
    begin: (waiting) => {
      const [first] = waiting
      if (first === undefined) return
      writing = writeOut(waiting, first.index)
      writing.catch((error: unknown) => failed.abort(error))
    },
    written: () => writing,
  }
}

/** What became of the items so far. */
interface Tally {
  readonly now: SendManyProgress
  /** Whether the first refused item ends all. */
  readonly isStrict: boolean
  /** Throws where that ends all. */
  refuse(index: number, error: unknown): void
  /** The same, for the answers to a chunk. */
  count(answers: readonly WriteAnswer[], indexes: readonly number[]): void
}

function createTally({ onProgress, onRefused }: SendManyOptions): Tally {
  let progress: SendManyProgress = { accepted: 0, known: 0, refused: 0 }
  const refuse = (index: number, error: unknown): void => {
    if (onRefused === undefined) throw new SendManyError(index, progress.accepted, error)
    progress = { ...progress, refused: progress.refused + 1 }
    onRefused(index, error)
  }
  return {
    get now() {
      return progress
    },
    isStrict: onRefused === undefined,
    refuse,
    count: (answers, indexes) => {
      progress = counted(progress, answers)
      for (const [at, answer] of answers.entries()) {
        if ('error' in answer) refuse(indexes[at] ?? 0, answer.error)
      }
      onProgress?.(progress)
    },
  }
}

function emptyChunk<Prepared>(): Chunk<Prepared> {
  return { waiting: [], bytes: 0, dueAt: Infinity }
}

function counted(progress: SendManyProgress, answers: readonly WriteAnswer[]): SendManyProgress {
  const accepted = answers.filter((answer) => 'isNew' in answer)
  return {
    ...progress,
    accepted: progress.accepted + accepted.length,
    known: progress.known + accepted.filter(({ isNew }) => !isNew).length,
  }
}
