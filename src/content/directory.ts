import { randomUUID } from 'node:crypto'
import { mkdir, open as openFile, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

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
  type SharedDirectory,
} from './directory-place.ts'
import { sizeOf, sweepDirectory } from './directory-sweep.ts'
import { touch } from './directory-touch.ts'
import {
  ContentMissingError,
  ContentStoreFullError,
  ContentTooLargeError,
  ContentUnreachableError,
} from './errors.ts'
import { unlessMissing } from './missing-file.ts'
import { piecesOf } from './pieces.ts'
import { isIntact } from './verify.ts'

/** How often content is looked for that another process moves away and back this moment. */
const LOOKS = 3

/**
 * Content as files in a directory that all producers and workers share.
 *
 * A file appears by a rename, whole and on the disk. It goes by another one, after which its remover
 * looks once more whether somebody has come to need it, and then puts it back. `homeOf` names the
 * deployment: several may share a directory, and none takes away what another one's messages need.
 */
export function createDirectoryContent(
  path: string,
  limits: ContentLimits,
  homeOf: () => Promise<string>,
): ContentStore {
  const here = async (): Promise<SharedDirectory> => ({ path, home: await homeOf() })
  return {
    put: async (source, owner) => put(await here(), limits, source, owner),
    open: (ref) => open(path, ref),
    verify: (ref) => verify(path, ref),
    release: async (id, digest, which = 'all') => {
      const at = await here()
      const until = which === 'old' ? Date.now() - limits.graceMs : Infinity
      for (const owned of await listOwned(at, id)) {
        if (digest === undefined || owned.digest === digest) await letGo(at, id, owned, until)
      }
    },
    sweep: async (isNeeded) => sweepDirectory(await here(), limits.graceMs, isNeeded),
  }
}

async function put(
  at: SharedDirectory,
  { maxBytes, totalBytes }: ContentLimits,
  source: ContentSource,
  owner: ContentOwner,
): Promise<void> {
  const { sha256, bytes } = source.ref
  if (bytes > maxBytes) throw new ContentTooLargeError(bytes, maxBytes)
  const { path, home } = at
  const place = placeIn(path, sha256)
  const owned = join(ownedIn(at, owner.id), `${owner.digest}~${sha256}`)
  await touch(owned)
  await touch(join(place.owners, ownerName(home, owner)))
  // Whoever let the owner go this moment may have removed the first one and not seen the second.
  await touch(owned)
  const found = await unlessMissing(stat(place.file), undefined)
  if (found?.size === bytes) return
  if (totalBytes < Infinity && (await sizeOf(path)) + bytes > totalBytes) {
    throw new ContentStoreFullError(bytes, totalBytes)
  }
  await store(path, place, source)
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
  yield* read(file)
}

async function* read(file: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ;) {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES)
    const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

async function verify(path: string, ref: ContentRef): Promise<void> {
  const place = placeIn(path, ref.sha256)
  await using file = await unlessMissing(openFile(place.file), undefined)
  if (file === undefined || (await isIntact(ref, read(file)))) return
  const damaged = await file.stat()
  const aside = join(uploadsIn(path), randomUUID())
  await mkdir(uploadsIn(path), { recursive: true, mode: 0o700 })
  await unlessMissing(rename(place.file, aside), undefined)
  const taken = await unlessMissing(stat(aside), undefined)
  // Somebody may have put the right bytes there meanwhile.
  if (taken !== undefined && taken.ino !== damaged.ino) await rename(aside, place.file)
  else await rm(aside, { force: true })
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
