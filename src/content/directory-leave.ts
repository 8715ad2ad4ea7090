import { readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { ownerName, placeIn, type ContentPlace, type Owned } from './directory-place.ts'
import { unlessMissing } from './missing-file.ts'

/** Takes one owner away, and the content with the last one; true when it is gone. */
export async function letGo(path: string, id: string, owned: Owned): Promise<boolean> {
  const place = placeIn(path, owned.sha256)
  await rm(join(place.owners, ownerName({ id, digest: owned.digest })), { force: true })
  const isGone = await leaveWhenUnowned(place)
  await rm(owned.file, { force: true })
  await removeEmpty(dirname(owned.file))
  return isGone
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
