import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { expect, test } from 'vitest'

import type { ContentStore } from '../../src/content/content.ts'
import { refOf } from '../../src/job/content-ref.ts'
import { openSpool } from '../../src/worker/spool.ts'

test('of thousands of small contents that nobody uses any more a few hundred stay open', async () => {
  const contents = Array.from({ length: 2_000 }, (_, at) => Buffer.from(`content ${at}`))
  const fetched: string[] = []
  const open = async function* ({ sha256 }: { readonly sha256: string }): AsyncGenerator<Buffer> {
    fetched.push(sha256)
    const found = contents.find((one) => refOf(one).sha256 === sha256)
    if (found !== undefined) yield found
  }
  const before = await openFiles()
  await using spool = openSpool({ open } as Partial<ContentStore> as ContentStore, {
    directory: tmpdir(),
  })
  for (const content of contents) (await spool.take(refOf(content)))[Symbol.dispose]()
  await expect.poll(async () => (await openFiles()) - before).toBeLessThan(300)
  // The one that was used last is there still, the first is fetched anew.
  for (const at of [1_999, 0]) {
    using spooled = await spool.take(refOf(contents[at] ?? Buffer.alloc(0)))
    for await (const piece of spooled.read(100)) expect(String(piece)).toBe(`content ${at}`)
  }
  expect(fetched).toHaveLength(2_001)
})

/** How many descriptors this process has. */
async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}

test('of many contents that are wanted at once a few come at a time, and all come', async () => {
  const contents = Array.from({ length: 30 }, (_, at) => Buffer.from(`content ${at}`))
  let running = 0
  let most = 0
  const open = async function* (ref: { readonly sha256: string }): AsyncGenerator<Buffer> {
    running += 1
    most = Math.max(most, running)
    await nextTurn()
    const found = contents.find((one) => refOf(one).sha256 === ref.sha256)
    if (found !== undefined) yield found
    running -= 1
  }
  await using spool = openSpool({ open } as Partial<ContentStore> as ContentStore, {
    directory: tmpdir(),
  })
  const read = await Promise.all(
    contents.map(async (content) => {
      using spooled = await spool.take(refOf(content))
      const pieces: Buffer[] = []
      for await (const piece of spooled.read(4)) pieces.push(Buffer.from(piece))
      return Buffer.concat(pieces)
    }),
  )
  expect(read).toEqual(contents)
  expect(most).toBe(4)
})
