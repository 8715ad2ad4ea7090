import { randomBytes } from 'node:crypto'
import { rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { snapshotFiles } from '../../src/producer/attachments.ts'
import { createDigestMemory, type DigestMemory } from '../../src/producer/digest-memory.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const SIZE = 100_000
const MINUTE_MS = 60_000
const later = (): number => Date.now() + MINUTE_MS

/** What a message with this file would refer to, and how much of it was read. */
async function snapshot(path: string, memory?: DigestMemory) {
  const message = { from: 'app@example.com', to: 'ann@example.org', attachments: [{ path }] }
  const { stored, readBytes } = await snapshotFiles(
    { connection: 'relay', message },
    { roots: [join(path, '..')], maxBytes: SIZE, inlineBytes: 0, ...(memory && { memory }) },
  )
  return { sha256: stored.attachments.get(0)?.sha256, readBytes }
}

test('a file for many is read once, and again when anything about it changed', async () => {
  await using files = await temporaryDirectory()
  const path = join(files.path, 'large.bin')
  const memory = createDigestMemory(later)
  await writeFile(path, randomBytes(SIZE))
  const first = await snapshot(path, memory)
  expect(first.readBytes).toBe(SIZE)
  expect(await snapshot(path, memory)).toEqual({ ...first, readBytes: 0 })

  // Of the same size and age, by another name for a moment.
  const other = join(files.path, 'other.bin')
  await writeFile(other, randomBytes(SIZE))
  await utimes(other, 1, 1)
  await rename(other, path)
  const second = await snapshot(path, memory)
  expect(second).toEqual({ ...(await snapshot(path)), readBytes: SIZE })
  expect(second.sha256).not.toBe(first.sha256)
  expect(await snapshot(path, memory)).toEqual({ ...second, readBytes: 0 })

  await writeFile(path, randomBytes(SIZE))
  await utimes(path, 1, 1)
  expect(await snapshot(path, memory)).toEqual(await snapshot(path))
})

test('a file that has just been written is read again: its times may not tell the next change', async () => {
  await using files = await temporaryDirectory()
  const path = join(files.path, 'large.bin')
  await writeFile(path, randomBytes(SIZE))
  const memory = createDigestMemory(() => 0)
  const first = await snapshot(path, memory)
  expect(await snapshot(path, memory)).toEqual(first)
})

test('a file that may be sent no more is refused, though its digest is known', async () => {
  await using files = await temporaryDirectory()
  const path = join(files.path, 'large.bin')
  const memory = createDigestMemory(later)
  await writeFile(path, randomBytes(SIZE))
  await snapshot(path, memory)
  await rename(path, `${path}.away`)
  await expect(snapshot(path, memory)).rejects.toMatchObject({ code: 'ATTACHMENT_MISSING' })
})
