import { chmod, mkdir, readFile, readdir, realpath } from 'node:fs/promises'
import path from 'node:path'

import { EmbeddedDirOccupiedError, EmbeddedDirUnwritableError } from './errors.ts'

/** The parts of an embedded store's directory. */
export interface Place {
  /** The real path, free of links. */
  readonly directory: string
  /** What Postgres owns: complete from the moment it exists. */
  readonly data: string
  /** What the server has to say. */
  readonly log: string
}

/** Begins the names of folders in which somebody prepares what may become the data. */
export const DRAFT = 'new-'

/** Makes the directory if need be. Throws `EmbeddedDirUnwritableError`, `EmbeddedDirOccupiedError`. */
export async function openPlace(directory: string): Promise<Place> {
  try {
    const first = await mkdir(directory, { recursive: true })
    if (first !== undefined) await letPass(directory, first)
    const real = await realpath(directory)
    const place = { directory: real, data: path.join(real, 'data'), log: path.join(real, 'log') }
    await checkContent(place)
    return place
  } catch (error) {
    if (error instanceof EmbeddedDirOccupiedError) throw error
    throw new EmbeddedDirUnwritableError(directory, error)
  }
}

/** The password of the server's only user; it lives and dies with the data. */
export async function readSecret({ directory, data }: Place): Promise<string> {
  try {
    return await readFile(path.join(data, 'secret'), 'utf8')
  } catch (error) {
    throw new EmbeddedDirUnwritableError(directory, error)
  }
}

/** The major version that made the data; absent as long as there is none. */
export async function readVersion({ data }: Place): Promise<string | undefined> {
  try {
    return (await readFile(path.join(data, 'PG_VERSION'), 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The server's user passes through the folders that we made, also when our umask is strict. */
async function letPass(directory: string, first: string): Promise<void> {
  let made = path.resolve(directory)
  await chmod(made, 0o711)
  while (made !== path.resolve(first)) {
    made = path.dirname(made)
    await chmod(made, 0o711)
  }
}

async function checkContent(place: Place): Promise<void> {
  const names = await readdir(place.directory)
  if (names.includes('data')) {
    const inside = await readdir(place.data)
    const isOurs = inside.includes('PG_VERSION') && inside.includes('secret')
    if (!isOurs) throw new EmbeddedDirOccupiedError(place.directory, 'data')
    return
  }
  const foreign = names.find(
    (name) => name !== 'log' && name !== 'lost+found' && !name.startsWith(DRAFT),
  )
  // The data may have appeared since we looked.
  if (foreign !== undefined && foreign !== 'data') {
    throw new EmbeddedDirOccupiedError(place.directory, foreign)
  }
}
