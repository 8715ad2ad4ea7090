import { expect, test } from 'vitest'

import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeAllStores } from '../support/stores.ts'

describeAllStores('a store', (place) => {
  const open = (at = place()): Promise<Store> =>
    openStore(at.queue, { patience: 'wait', prefix: at.prefix, schema: at.schema })

  test('its clock tells the time in milliseconds', async () => {
    await using store = await open()
    expect(Math.abs((await store.nowMs()) - Date.now())).toBeLessThan(1000)
  })

  test('what is published is heard by all who subscribed, until they stop', async () => {
    const at = place()
    await using store = await open(at)
    await using other = await open(at)
    const heard: string[] = []
    const stopFirst = await store.subscribe('health', (text) => heard.push(`first ${text}`))
    const stopSecond = await store.subscribe('health', (text) => heard.push(`second ${text}`))
    await other.publish('health', 'ä\n"1"')
    await expect.poll(() => heard).toEqual(['first ä\n"1"', 'second ä\n"1"'])
    await stopFirst()
    await other.publish('health', '2')
    await expect.poll(() => heard.slice(2)).toEqual(['second 2'])
    await stopSecond()
  })

  test('channels and namespaces are kept apart', async () => {
    await using store = await open()
    await using stranger = await open()
    const heard: string[] = []
    await store.subscribe('health', (text) => heard.push(text))
    await stranger.publish('health', 'from another namespace')
    await store.publish('news', 'on another channel')
    await store.publish('health', 'last')
    await expect.poll(() => heard).toEqual(['last'])
  })

  test('a notice of 7,500 bytes is heard and a longer one refused', async () => {
    await using store = await open()
    const heard: string[] = []
    await store.subscribe('health', (text) => heard.push(text))
    await store.publish('health', 'é'.repeat(3750))
    await expect.poll(() => heard.map((text) => text.length)).toEqual([3750])
    await expect(store.publish('health', 'é'.repeat(3751))).rejects.toMatchObject({
      code: 'NOTICE_TOO_LONG',
    })
  })

  test('what atomically returns and throws comes through', async () => {
    await using store = await open()
    expect(await store.atomically(() => Promise.resolve(7))).toBe(7)
    const fault = new Error('no')
    await expect(store.atomically(() => Promise.reject(fault))).rejects.toBe(fault)
  })

  test('closing twice is closing once, and a closed store answers no more', async () => {
    const store = await open()
    await store.ping()
    await Promise.all([store.close(), store.close()])
    await expect(store.ping()).rejects.toThrow(/./)
    await expect(store.nowMs()).rejects.toThrow(/./)
  })
})
