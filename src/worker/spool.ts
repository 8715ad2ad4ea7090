import { createHash, randomUUID } from 'node:crypto'
import { open as openFile, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

import type { ContentStore } from '../content/content.ts'
import { ContentDamagedError } from '../content/errors.ts'
import type { ContentRef } from '../job/content-ref.ts'
import { createStartLine } from './start-line.ts'

/** Verified content on this worker's disk, until it is disposed of. */
export interface SpooledContent extends Disposable {
  readonly bytes: number
  /**
   * Reads it in pieces of `pieceBytes`, only the last one smaller. They take turns in two buffers: a
   * piece is there until the next one is asked for.
   */
  read(pieceBytes: number): AsyncIterable<Buffer>
}

/** Content that sessions of this worker share, each fetched and verified once. */
export interface Spool extends AsyncDisposable {
  /** Throws `ContentMissingError`, `ContentDamagedError`, and what the store and the disk throw. */
  take(ref: ContentRef): Promise<SpooledContent>
}

export interface SpoolOptions {
  /** Where its files are; nobody sees them there, and they go with this process. */
  readonly directory: string
  /** How much unused content is kept for the next message that needs it; 256 MiB by default. */
  readonly keepBytes?: number
}

interface Entry {
  readonly file: Promise<FileHandle>
  readonly bytes: number
  users: number
}

/** How many files of unused content stay open: a process may have so many, and sessions need theirs. */
const KEEP_FILES = 256

/** Each has some pieces in memory on its way, and what is asked of the same store meanwhile waits behind them. */
const FETCHES_AT_ONCE = 4

/** Opens an empty spool for what `store` has. */
export function openSpool(
  store: ContentStore,
  { directory, keepBytes = 268_435_456 }: SpoolOptions,
): Spool {
  const entries = new Map<string, Entry>()
  // In the order of their last use: a map keeps the order in which keys were set.
  const unused = new Map<string, Entry>()
  let unusedBytes = 0
  const inTurn = createStartLine(FETCHES_AT_ONCE)

  const use = (key: string, entry: Entry): void => {
    entries.set(key, entry)
    entry.users += 1
    if (unused.delete(key)) unusedBytes -= entry.bytes
  }
  const forget = async (key: string, entry: Entry): Promise<void> => {
    if (entries.get(key) === entry) entries.delete(key)
    const file = await entry.file.catch(() => undefined)
    await file?.close()
  }
  const leave = (key: string, entry: Entry): void => {
    entry.users -= 1
    if (entry.users > 0) return
    unused.set(key, entry)
    unusedBytes += entry.bytes
    for (const [oldestKey, oldest] of unused) {
      if (unusedBytes <= keepBytes && unused.size <= KEEP_FILES) return
      unused.delete(oldestKey)
      unusedBytes -= oldest.bytes
      void forget(oldestKey, oldest)
    }
  }

  return {
    take: async (ref) => {
      const key = `${ref.sha256} ${ref.bytes}`
      const known = entries.get(key)
      const entry = known ?? {
        file: inTurn(() => fetch(store, ref, directory)),
        bytes: ref.bytes,
        users: 0,
      }
      use(key, entry)
      try {
        return held(await entry.file, ref, () => leave(key, entry))
      } catch (error) {
        // Somebody may be fetching it anew.
        if (entries.get(key) === entry) entries.delete(key)
        throw error
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...entries].map(([key, entry]) => forget(key, entry)))
    },
  }
}

function held(file: FileHandle, { bytes }: ContentRef, leave: () => void): SpooledContent {
  let isLeft = false
  return {
    bytes,
    read: (pieceBytes) => piecesOf(file, bytes, pieceBytes),
    [Symbol.dispose]: () => {
      if (!isLeft) leave()
      isLeft = true
    },
  }
}

async function* piecesOf(
  file: FileHandle,
  bytes: number,
  pieceBytes: number,
): AsyncGenerator<Buffer> {
  const bufferAt = (at: number): Buffer => Buffer.allocUnsafeSlow(Math.min(pieceBytes, bytes - at))
  let spare = bytes > pieceBytes ? bufferAt(pieceBytes) : undefined
  let next = bytes > 0 ? fill(file, bufferAt(0), 0) : undefined
  for (let at = 0; next !== undefined;) {
    const piece = await next
    at += piece.length
    // While somebody has this piece, the disk is asked for the next one.
    next = spare && at < bytes ? fill(file, spare.subarray(0, bytes - at), at) : undefined
    // Whoever stops early does not wait for it.
    next?.catch(() => undefined)
    yield piece
    spare = piece
  }
}

async function fill(file: FileHandle, piece: Buffer, at: number): Promise<Buffer> {
  let filled = 0
  while (filled < piece.length) {
    const { bytesRead } = await file.read(piece, filled, piece.length - filled, at + filled)
    if (bytesRead === 0) throw new Error('a file of the spool is shorter than it was')
    filled += bytesRead
  }
  return piece
}

/** Copies content into a file that only this process has, and compares its digest on the way. */
async function fetch(store: ContentStore, ref: ContentRef, directory: string): Promise<FileHandle> {
  const path = join(directory, `mailroom-${randomUUID()}`)
  const file = await openFile(path, 'wx+', 0o600)
  try {
    // Without a name it is gone with the process, however that ends.
    await unlink(path)
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of store.open(ref)) {
      hash.update(piece)
      bytes += piece.length
      if (bytes > ref.bytes) throw new ContentDamagedError(ref)
      for (let done = 0; done < piece.length;) {
        const { bytesWritten } = await file.write(piece, done)
        done += bytesWritten
      }
    }
    if (hash.digest('hex') !== ref.sha256 || bytes !== ref.bytes) throw new ContentDamagedError(ref)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}
