import { hash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { ContentOwner } from './content.ts'
import { unlessMissing } from './missing-file.ts'

/**
 * Where one content lies in a directory.
 *
 * | path | what |
 * |---|---|
 * | `contents/ab/cd/SHA` | the bytes |
 * | `contents/ab/cd/SHA.leaving` | the bytes while their last owner leaves |
 * | `contents/ab/cd/SHA.owners/HOME~ID~DIGEST` | an empty file for each request that needs them |
 * | `owners/HOME/ab/ID~/DIGEST~SHA` | the same the other way round |
 * | `uploads/…` | bytes on their way |
 */
export interface ContentPlace {
  readonly folder: string
  readonly file: string
  readonly leaving: string
  readonly owners: string
}

/** A directory, as one of the deployments sees it that share it. */
export interface SharedDirectory {
  readonly path: string
  /** Names the deployment: the messages of others are nothing that it knows about. */
  readonly home: string
}

/** What one request of a message needs. */
export interface Owned {
  readonly digest: string
  readonly sha256: string
  /** The file that says so. */
  readonly file: string
}

/** The place of a content. */
export function placeIn(path: string, sha256: string): ContentPlace {
  const folder = join(contentsIn(path), sha256.slice(0, 2), sha256.slice(2, 4))
  const file = join(folder, sha256)
  return { folder, file, leaving: `${file}.leaving`, owners: `${file}.owners` }
}

/** The folder of all contents: a directory without it is none of ours, or not mounted. */
export const contentsIn = (path: string): string => join(path, 'contents')

export const uploadsIn = (path: string): string => join(path, 'uploads')

/** The name of an owner's file; no part of it has a `~`. */
export const ownerName = (home: string, { id, digest }: ContentOwner): string =>
  `${home}~${id}~${digest}`

/** The folder of what the messages of a deployment need. */
export const ownersIn = ({ path, home }: SharedDirectory): string => join(path, 'owners', home)

/** The folder of what a message needs. Ids are names of files, and `~` keeps `..` from being one. */
export function ownedIn(at: SharedDirectory, id: string): string {
  return join(ownersIn(at), hash('sha256', id, 'hex').slice(0, 2), `${id}~`)
}

/** Everything that a message needs. */
export async function listOwned(at: SharedDirectory, id: string): Promise<readonly Owned[]> {
  const folder = ownedIn(at, id)
  const names = await unlessMissing(readdir(folder), [])
  return names.map((name) => {
    const [digest = '', sha256 = ''] = name.split('~')
    return { digest, sha256, file: join(folder, name) }
  })
}
