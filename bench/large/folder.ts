import { randomFillSync } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { messageTo } from '../message.ts'

/** So many messages have no file: they go first, and open the sessions. */
export const SMALL_ONES = 200

/** Large files, of which each message gets the next one. */
export interface Folder {
  readonly path: string
  readonly messageWith: (at: number) => {
    readonly from: string
    readonly to: string
    readonly subject: string
    readonly text: string
    readonly html: string
    readonly attachments?: { readonly path: string; readonly filename: string }[]
  }
}

/** Makes a folder with so many files, no two of them the same. */
export async function makeFolder(path: string, files: number, bytes: number): Promise<Folder> {
  await mkdir(path)
  const content = randomFillSync(Buffer.alloc(bytes))
  for (let at = 0; at < files; at += 1) {
    content.writeUInt32LE(at)
    await writeFile(join(path, `${at}.bin`), content)
  }
  return openFolder(path)
}

/** Opens one that was made before. */
export async function openFolder(path: string): Promise<Folder> {
  const names = await readdir(path)
  return {
    path,
    messageWith: (at) => {
      const message = messageTo(at)
      if (at < SMALL_ONES) return message
      const name = names[at % names.length] ?? ''
      return { ...message, attachments: [{ path: join(path, name), filename: 'catalogue.bin' }] }
    },
  }
}
