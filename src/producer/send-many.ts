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
 * Writes everything that `items` yields, in chunks, holding one chunk in memory.
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
  const { onProgress, onRefused, signal } = options
  const { prepare, write } = writer
  let progress: SendManyProgress = { accepted: 0, known: 0, refused: 0 }
  let chunk = emptyChunk<Prepared>()

  const refuse = (index: number, error: unknown): void => {
    if (onRefused === undefined) throw new SendManyError(index, progress.accepted, error)
    progress = { ...progress, refused: progress.refused + 1 }
    onRefused(index, error)
  }
  const flush = async (): Promise<void> => {
    signal?.throwIfAborted()
    const { waiting } = chunk
    const [first] = waiting
    if (first === undefined) return
    chunk = emptyChunk()
    const answers = await write(
      waiting.map(({ prepared }) => prepared),
      onRefused === undefined,
    ).catch((error: unknown) => {
      throw new SendManyError(first.index, progress.accepted, error)
    })
    progress = counted(progress, answers)
    for (const [at, answer] of answers.entries()) {
      if ('error' in answer) refuse(waiting[at]?.index ?? first.index, answer.error)
    }
    onProgress?.(progress)
  }

  let index = 0
  for await (const arrival of inTime(items, () => chunk.dueAt - performance.now(), signal)) {
    if (arrival === 'late') {
      await flush()
      continue
    }
    // One item may take long: it may have files.
    signal?.throwIfAborted()
    const at = index++
    const ready = await prepare(arrival.item).catch((error: unknown) => ({ error }))
    if ('error' in ready) {
      if (onRefused === undefined) await flush()
      refuse(at, ready.error)
      continue
    }
    if (chunk.bytes + ready.bytes > chunkBytes) await flush()
    if (chunk.waiting.length === 0) chunk.dueAt = performance.now() + chunkMs
    chunk.waiting.push({ index: at, prepared: ready.prepared })
    chunk.bytes += ready.bytes
    if (chunk.waiting.length >= chunkSize || performance.now() >= chunk.dueAt) await flush()
  }
  await flush()
  return progress
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
