import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'

import { DirectoryUnusableError } from './errors.ts'

/** A file that only its owner may read, and that appears whole or not at all. */
export interface PrivateFile extends AsyncDisposable {
  write(content: string | Uint8Array): Promise<void>
  /** Puts what was written in the place of what had the name; without it disposing forgets it. */
  keep(): Promise<void>
}

/**
 * Begins a file beside the one that is to be replaced, whose readers and rights do not count for it.
 *
 * A pipe or a device is written into, as it cannot be replaced. `what` is what
 * `DirectoryUnusableError` says could not be written. The caller disposes it.
 */
export async function openPrivateFile(file: string, what: string): Promise<PrivateFile> {
  const toUnusable = (cause: unknown): never => {
    throw new DirectoryUnusableError(what, path.dirname(file), { cause })
  }
  const there = await stat(file).catch(() => undefined)
  if (there !== undefined && !there.isFile()) {
    const handle = await open(file, 'w').catch(toUnusable)
    return { ...writing(handle, toUnusable), keep: async () => {} }
  }
  // A link goes on to lead to the file that it leads to.
  const target = there === undefined ? file : await realpath(file).catch(toUnusable)
  const beside = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}`)
  const handle = await open(beside, 'wx', 0o600).catch(toUnusable)
  const { write, [Symbol.asyncDispose]: close } = writing(handle, toUnusable)
  return {
    write,
    keep: () => rename(beside, target).catch(toUnusable),
    [Symbol.asyncDispose]: async () => {
      await close()
      await rm(beside, { force: true })
    },
  }
}

function writing(
  handle: FileHandle,
  toUnusable: (cause: unknown) => never,
): Omit<PrivateFile, 'keep'> {
  return {
    // Unlike `write`, it goes on until all of it is written.
    write: (content) => handle.writeFile(content).catch(toUnusable),
    [Symbol.asyncDispose]: () => handle.close(),
  }
}
