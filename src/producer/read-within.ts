import { constants } from 'node:fs'
import { open, realpath, stat, type FileHandle } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'

import {
  AttachmentChangedError,
  AttachmentMissingError,
  AttachmentOutsideRootsError,
  AttachmentTooLargeError,
} from './attachment-errors.ts'

export interface ReadOptions {
  readonly roots: readonly string[]
  readonly maxBytes: number
  readonly signal?: AbortSignal
}

/** How often a file that changes is read before it is given up. */
const TRIES = 3

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by this process',
  EPERM: 'may not be read by this process',
  ELOOP: 'is a symbolic link to itself',
  ENAMETOOLONG: 'has a name that is too long',
}

/** A file while nobody changes it, as far as can be seen. */
export interface StableFile {
  readonly size: number
  /** The same as long as nobody writes to it, as far as its times tell. */
  readonly version: string
  /** When it was last changed in any way. */
  readonly changedMs: number
  pieces(): AsyncIterable<Buffer>
}

/** How much is read in one go. */
const PIECE_BYTES = 262_144

/**
 * Looks at a regular file that truly lies in one of the roots, of at most `maxBytes`.
 *
 * The size is looked at before anything is read; pipes and devices are not even opened. `look` is
 * called again when the file changed meanwhile.
 */
export async function lookWithin<T>(
  path: string,
  { roots, maxBytes, signal }: ReadOptions,
  look: (file: StableFile) => Promise<T>,
): Promise<T> {
  await using file = await openWithin(path, roots)
  for (let tries = 0; tries < TRIES; tries++) {
    signal?.throwIfAborted()
    const seen = await lookOnce(path, file, maxBytes, look)
    if (seen !== undefined) return seen.value
  }
  throw new AttachmentChangedError(path)
}

/** Reads a file that was looked at before once more; it may have changed. */
export async function* streamWithin(
  path: string,
  { roots, maxBytes }: ReadOptions,
): AsyncGenerator<Buffer> {
  await using file = await openWithin(path, roots)
  yield* piecesOf(file, maxBytes)
}

async function openWithin(path: string, roots: readonly string[]): Promise<FileHandle> {
  const real = await locate(path, roots)
  const expected = await stat(real).catch(toMissing(path))
  if (!expected.isFile()) throw new AttachmentMissingError(path, 'is no file')

  // A file that is swapped for a pipe or a link after all neither blocks nor is followed.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = await open(real, O_RDONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0)).catch(
    toMissing(path),
  )
  try {
    await confirm(path, real, file, roots)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The real path of a file in one of the roots. */
async function locate(path: string, roots: readonly string[]): Promise<string> {
  // Before the file is looked for: who may not read here does not learn what exists.
  if (roots.length === 0) throw new AttachmentOutsideRootsError(path, roots)
  const realRoots = await Promise.all(
    roots.map((root) => realpath(root).catch(() => resolve(root))),
  )
  const isWithinSome = (candidate: string): boolean =>
    realRoots.some((root) => isWithin(root, candidate))
  const real = await realpath(path).catch((error: unknown) => {
    const absolute = resolve(path)
    const mayTell =
      isWithinSome(absolute) || roots.some((root) => isWithin(resolve(root), absolute))
    if (mayTell) return toMissing(path)(error)
    throw new AttachmentOutsideRootsError(path, roots)
  })
  if (!isWithinSome(real)) throw new AttachmentOutsideRootsError(path, roots)
  return real
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Makes sure that what was opened is what lies in the roots now: folders may be swapped meanwhile. */
async function confirm(
  path: string,
  real: string,
  file: FileHandle,
  roots: readonly string[],
): Promise<void> {
  const opened = await file.stat()
  if (!opened.isFile()) throw new AttachmentMissingError(path, 'is no file')
  const again = await locate(real, roots)
  const found = await stat(again).catch(toMissing(path))
  if (found.dev !== opened.dev || found.ino !== opened.ino) throw new AttachmentChangedError(path)
}

/** What `look` made of the file, or undefined when it changed meanwhile. */
async function lookOnce<T>(
  path: string,
  file: FileHandle,
  maxBytes: number,
  look: (file: StableFile) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const before = await file.stat({ bigint: true })
  const size = Number(before.size)
  if (size > maxBytes) throw new AttachmentTooLargeError(path, size, maxBytes)
  const { dev, ino, mtimeNs, ctimeNs } = before
  const value = await look({
    size,
    version: [dev, ino, size, mtimeNs, ctimeNs].join(' '),
    changedMs: Number((mtimeNs > ctimeNs ? mtimeNs : ctimeNs) / 1_000_000n),
    pieces: () => piecesOf(file, size),
  })
  const after = await file.stat({ bigint: true })
  return after.size === before.size && after.mtimeNs === before.mtimeNs ? { value } : undefined
}

async function* piecesOf(file: FileHandle, maxBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < maxBytes;) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, maxBytes - at))
    const { bytesRead } = await file.read(piece, 0, piece.length, at)
    if (bytesRead === 0) return
    yield piece.subarray(0, bytesRead)
    at += bytesRead
  }
}

function toMissing(path: string): (error: unknown) => never {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new AttachmentMissingError(path, PROBLEMS[code] ?? 'cannot be read', { cause: error })
  }
}
