import { readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import {
  ownerName,
  placeIn,
  type ContentPlace,
  type Owned,
  type SharedDirectory,
} from './directory-place.ts'
import { touch } from './directory-touch.ts'
import { unlessMissing } from './missing-file.ts'

/** Ends the name of an owner's file while it is taken away; it counts as an owner. */
const GOING = '~going'

/**
 * Takes one owner away, and the content with the last one; true when it is gone. With `until`, in
 * milliseconds since 1970, only an owner that was not put later.
 */
export async function letGo(
  { path, home }: SharedDirectory,
  id: string,
  owned: Owned,
  until = Infinity,
): Promise<boolean> {
  const place = placeIn(path, owned.sha256)
  const owner = join(place.owners, ownerName(home, { id, digest: owned.digest }))
  if (!(await takeAway(owner, until))) return false
  const isGone = await leaveWhenUnowned(place)
  await rm(owned.file, { force: true })
  // Who put it again meanwhile may have written this file before it was removed.
  if (await isThere(owner)) await touch(owned.file)
  await removeEmpty(dirname(owned.file))
  return isGone
}

/** Its time is read when nobody can write to it any more: a later `put` makes a file of its own. */
async function takeAway(owner: string, until: number): Promise<boolean> {
  const going = `${owner}${GOING}`
  if (until === Infinity) await rm(owner, { force: true })
  else await unlessMissing(rename(owner, going), undefined)
  const found = await unlessMissing(stat(going), undefined)
  if (found !== undefined && found.mtimeMs > until) {
    await unlessMissing(rename(going, owner), undefined)
    return false
  }
  await rm(going, { force: true })
  return true
}

async function isThere(file: string): Promise<boolean> {
  return (await unlessMissing(stat(file), undefined)) !== undefined
}

/** Removes content that nobody owns, and puts it back when an owner came while it was moved away. */
export async function leaveWhenUnowned(place: ContentPlace): Promise<boolean> {
  if (await isOwned(place)) return false
  const wasThere = await unlessMissing(
    rename(place.file, place.leaving).then(() => true),
    false,
  )
  if (await isOwned(place)) {
    await unlessMissing(rename(place.leaving, place.file), undefined)
    return false
  }
  await rm(place.leaving, { force: true })
  await removeEmpty(place.owners)
  return wasThere
}

async function isOwned({ owners }: ContentPlace): Promise<boolean> {
  return (await unlessMissing(readdir(owners), [])).length > 0
}

/** A folder that is not empty, or gone, stays as it is. */
async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined)
}
