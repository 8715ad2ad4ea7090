import { mkdir, open, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { createDirectoryContent } from '../../src/content/directory.ts'
import { refOf } from '../../src/job/content-ref.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { bytesOf, describeContent } from './conformance.ts'

const LIMITS = { maxBytes: Infinity, totalBytes: Infinity, graceMs: 60_000 }
const NOBODY = (): Promise<boolean> => Promise.resolve(false)
const home = (): Promise<string> => Promise.resolve('home')
const OWNER = { id: 'm-1', digest: 'x' }
const BYTES = Buffer.from('content')
const SOURCE = { ref: refOf(BYTES), read: () => [BYTES] }

describe('content in a directory', () => {
  describeContent(async (options = {}) => {
    const directory = await temporaryDirectory()
    const path = join(directory.path, 'made', 'when-needed')
    const create = () => createDirectoryContent(path, { ...LIMITS, ...options }, home)
    return {
      content: create(),
      other: create(),
      damage: async (sha256) => {
        await using file = await open(fileOf(path, sha256), 'r+')
        await file.write('damage', 7)
      },
      [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
    }
  })

  test('is readable by its owner only, and nothing is left of what is gone', async () => {
    await using directory = await temporaryDirectory()
    const { path } = directory
    const content = createDirectoryContent(path, LIMITS, home)
    await content.put(SOURCE, OWNER)
    expect((await stat(fileOf(path, SOURCE.ref.sha256))).mode & 0o777).toBe(0o600)
    await content.release(OWNER.id)
    expect(await filesIn(path)).toEqual([])
  })

  test('that its remover left half-way is found', async () => {
    await using directory = await temporaryDirectory()
    const content = createDirectoryContent(directory.path, LIMITS, home)
    await content.put(SOURCE, OWNER)
    const file = fileOf(directory.path, SOURCE.ref.sha256)
    await rename(file, `${file}.leaving`)
    expect(await bytesOf(content, SOURCE.ref)).toEqual(BYTES)
  })

  test('is not called missing while the directory is not mounted', async () => {
    await using directory = await temporaryDirectory()
    const content = createDirectoryContent(join(directory.path, 'volume'), LIMITS, home)
    await mkdir(join(directory.path, 'volume'))
    await expect(bytesOf(content, SOURCE.ref)).rejects.toMatchObject({
      code: 'CONTENT_UNREACHABLE',
    })
  })

  test('that crashes left behind is swept once it is old', async () => {
    await using directory = await temporaryDirectory()
    const { path } = directory
    await mkdir(join(path, 'uploads'), { recursive: true })
    await writeFile(join(path, 'uploads', 'half'), 'half of it')
    const orphan = fileOf(path, SOURCE.ref.sha256)
    await mkdir(join(orphan, '..'), { recursive: true })
    await writeFile(orphan, BYTES)
    expect(await createDirectoryContent(path, LIMITS, home).sweep(NOBODY)).toBe(0)
    expect(await filesIn(path)).toHaveLength(2)
    expect(await createDirectoryContent(path, { ...LIMITS, graceMs: 0 }, home).sweep(NOBODY)).toBe(
      1,
    )
    expect(await filesIn(path)).toEqual([])
  })
})

function fileOf(path: string, sha256: string): string {
  return join(path, 'contents', sha256.slice(0, 2), sha256.slice(2, 4), sha256)
}

async function filesIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}
