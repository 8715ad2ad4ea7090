import { expect, test } from 'vitest'

import type { ContentStore } from '../../src/content/content.ts'
import { openContent } from '../../src/content/open.ts'
import { refOf } from '../../src/job/content-ref.ts'
import { openStore } from '../../src/store/open.ts'
import { describeAllStores, describeStores } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { bytesOf, describeContent } from './conformance.ts'

describeStores('a directory of contents', (place) => {
  test('may be shared by deployments, and none takes from another', async () => {
    await using directory = await temporaryDirectory()
    const options = { store: `directory:${directory.path}`, graceMs: 0 }
    const [mine, theirs] = [place(), place()]
    await using first = await openStore(mine.queue, { ...mine, patience: 'wait' })
    await using again = await openStore(mine.queue, { ...mine, patience: 'wait' })
    await using another = await openStore(theirs.queue, { ...theirs, patience: 'wait' })
    const [content, same, other] = [first, again, another].map((store) =>
      openContent(store, options),
    ) as [ContentStore, ContentStore, ContentStore]
    const bytes = Buffer.from('shared')
    const source = { ref: refOf(bytes), read: () => [bytes] }
    const owner = { id: 'm-1', digest: 'x' }
    await content.put(source, owner)
    await other.sweep(() => Promise.resolve(false))
    await other.put(source, owner)
    await other.release(owner.id)
    expect(await bytesOf(other, source.ref)).toEqual(bytes)
    await same.release(owner.id)
    await expect(bytesOf(other, source.ref)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
  })
})

describeAllStores('content', (place) => {
  describeContent(async (options = {}) => {
    const { queue, ...at } = place()
    const open = () => openStore(queue, { ...at, patience: 'wait' })
    const [store, another] = [await open(), await open()]
    return {
      content: openContent(store, options),
      other: openContent(another, options),
      damage: async (sha256) => {
        if (store.kind === 'redis') {
          const key = `${store.spreadPrefix}-content:{${sha256}}`
          const whole = await store.client.hget(key, 'whole')
          await store.client.setrange(`${key}:${whole}:1`, 7, 'damage')
        } else {
          await store.pool.query(
            `update content_piece set bytes = overlay(bytes placing '\\xffff' from 7)
             where sha256 = $1 and piece = 1`,
            [sha256],
          )
        }
      },
      [Symbol.asyncDispose]: async () => {
        await another.close()
        await store.close()
      },
    }
  })
})
