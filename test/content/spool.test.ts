import { tmpdir } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { expect, test } from 'vitest'

import type { ContentStore } from '../../src/content/content.ts'
import { refOf } from '../../src/job/content-ref.ts'
import { openSpool } from '../../src/worker/spool.ts'

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
