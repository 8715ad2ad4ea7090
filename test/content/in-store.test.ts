import { openContent } from '../../src/content/open.ts'
import { openStore } from '../../src/store/open.ts'
import { describeStores } from '../support/stores.ts'
import { describeContent } from './conformance.ts'

describeStores('content', (place) => {
  describeContent(async (options = {}) => {
    const { queue, ...at } = place()
    const open = () => openStore(queue, { ...at, patience: 'wait' })
    const [store, another] = [await open(), await open()]
    return {
      content: openContent(store, options),
      other: openContent(another, options),
      damage: async (sha256) => {
        if (store.kind === 'redis') {
          const key = `${store.prefix}-content:{${sha256}}`
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
