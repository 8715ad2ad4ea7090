import { randomUUID } from 'node:crypto'
import { mkdir, open as openFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { ContentRef } from '../job/content-ref.ts'
import type { ContentLimits, ContentOwner, ContentSource, ContentStore } from './content.ts'
import { PIECE_BYTES } from './content.ts'
import { letGo } from './directory-leave.ts'
import {
  contentsIn,
  listOwned,
  ownedIn,
  ownerName,
  placeIn,
  uploadsIn,
  type ContentPlace,
} from './directory-place.ts'
import { sizeOf, sweepDirectory } from './directory-sweep.ts'
import {
  ContentMissingError,
  ContentStoreFullError,
  ContentTooLargeError,
  ContentUnreachableError,
} from './errors.ts'
import { isMissing, unlessMissing } from './missing-file.ts'
import { piecesOf } from './pieces.ts'

/** How often content is looked for that another process moves away and back this moment. */
const LOOKS = 3
/** How often a folder is made that others remove, because it is empty, this moment. */
const MAKES = 100

/**
 * Content as files in a directory that all producers and workers share.
 *
 * A file appears by a rename, whole and on the disk. It goes by another one, after which its remover
 * looks once more whether somebody has come to need it, and then puts it back.
 */
export function createDirectoryContent(path: string, limits: ContentLimits): ContentStore {
  return {
    put: (source, owner) => put(path, limits, source, owner),
    open: (ref) => open(path, ref),
    release: async (id, digest) => {
      for (const owned of await listOwned(path, id)) {
        if (digest === undefined || owned.digest === digest) await letGo(path, id, owned)
      }
    },
    sweep: (isNeeded) => sweepDirectory(path, limits.graceMs, isNeeded),
  }
}

async function put(
  path: string,
  { maxBytes, totalBytes }: ContentLimits,
  source: ContentSource,
  owner: ContentOwner,
): Promise<void> {
  const { sha256, bytes } = source.ref
  if (bytes > maxBytes) throw new ContentTooLargeError(bytes, maxBytes)
  const place = placeIn(path, sha256)
  await touch(join(ownedIn(path, owner.id), `${owner.digest}~${sha256}`))
  await touch(join(place.owners, ownerName(owner)))
  const found = await unlessMissing(stat(place.file), undefined)
  if (found?.size === bytes) return
  if (totalBytes < Infinity && (await sizeOf(path)) + bytes > totalBytes) {
    throw new ContentStoreFullError(bytes, totalBytes)
  }
  await store(path, place, source)
}

/** An empty file; its folder may go while it is made, when its last file goes. */
async function touch(file: string): Promise<void> {
  for (let look = 1; ; look++) {
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      return await writeFile(file, '', { mode: 0o600 })
    } catch (error) {
      if (!isMissing(error) || look === MAKES) throw error
    }
  }
}

async function store(path: string, place: ContentPlace, source: ContentSource): Promise<void> {
  await mkdir(uploadsIn(path), { recursive: true, mode: 0o700 })
  const upload = join(uploadsIn(path), randomUUID())
  try {
    await using file = await openFile(upload, 'wx', 0o600)
    for await (const piece of piecesOf(source)) await file.write(piece)
    await file.sync()
    await mkdir(place.folder, { recursive: true, mode: 0o700 })
    await rename(upload, place.file)
    await using folder = await openFile(place.folder)
    // Some file systems cannot do that for a folder; the file itself is safe.
    await folder.sync().catch(() => undefined)
  } catch (error) {
    await rm(upload, { force: true })
    throw error
  }
}

async function* open(path: string, ref: ContentRef): AsyncGenerator<Buffer> {
  await using file = await find(path, ref)
  for (let at = 0; ;) {
    const { bytesRead, buffer } = await file.read(
      Buffer.allocUnsafe(PIECE_BYTES),
      0,
      PIECE_BYTES,
      at,
    )
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

async function find(path: string, ref: ContentRef) {
  const { file, leaving } = placeIn(path, ref.sha256)
  for (let look = 0; look < LOOKS; look++) {
    const opened = await unlessMissing(openFile(file), undefined)
    if (opened !== undefined) return opened
    // Whoever moved it away may have died before it looked again.
    await unlessMissing(rename(leaving, file), undefined)
  }
  if ((await unlessMissing(stat(contentsIn(path)), undefined)) === undefined) {
    throw new ContentUnreachableError(path)
  }
  throw new ContentMissingError(ref)
}
