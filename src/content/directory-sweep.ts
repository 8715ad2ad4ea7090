import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { leaveWhenUnowned, letGo } from './directory-leave.ts'
import {
  contentsIn,
  listOwned,
  ownersIn,
  placeIn,
  uploadsIn,
  type SharedDirectory,
} from './directory-place.ts'
import { unlessMissing } from './missing-file.ts'

const CONTENT = /^[\da-f]{64}(?:\.leaving)?$/

/** What `ContentStore.sweep` does, in a directory. */
export async function sweepDirectory(
  at: SharedDirectory,
  graceMs: number,
  isNeeded: (id: string) => Promise<boolean>,
): Promise<number> {
  const { path } = at
  const until = Date.now() - graceMs
  const isOld = async (file: string): Promise<boolean> => {
    // A rename counts as well: it changes no content, and so not the time of the last one.
    const found = await unlessMissing(stat(file), undefined)
    return found !== undefined && found.ctimeMs <= until
  }
  let gone = 0
  for await (const folder of foldersOf(ownersIn(at))) {
    for (const name of await namesIn(folder)) {
      const id = name.slice(0, -1)
      for (const owned of await listOwned(at, id)) {
        if (!(await isOld(owned.file)) || (await isNeeded(id))) continue
        if (await letGo(at, id, owned, until)) gone += 1
      }
    }
  }
  for await (const outer of foldersOf(contentsIn(path))) {
    for await (const folder of foldersOf(outer)) {
      for (const name of (await namesIn(folder)).filter((one) => CONTENT.test(one))) {
        if (!(await isOld(join(folder, name)))) continue
        if (await leaveWhenUnowned(placeIn(path, name.slice(0, 64)))) gone += 1
      }
    }
  }
  for (const name of await namesIn(uploadsIn(path))) {
    const upload = join(uploadsIn(path), name)
    if (await isOld(upload)) await rm(upload, { force: true })
  }
  return gone
}

/** The bytes of all contents together. */
export async function sizeOf(path: string): Promise<number> {
  let bytes = 0
  for await (const outer of foldersOf(contentsIn(path))) {
    for await (const folder of foldersOf(outer)) {
      for (const name of (await namesIn(folder)).filter((one) => CONTENT.test(one))) {
        bytes += (await unlessMissing(stat(join(folder, name)), undefined))?.size ?? 0
      }
    }
  }
  return bytes
}

async function* foldersOf(folder: string): AsyncGenerator<string> {
  for (const name of await namesIn(folder)) yield join(folder, name)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return unlessMissing(readdir(folder), [])
}
