import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'

import { createContentList } from '../../src/content/redis-list.ts'
import { startRedis } from '../support/redis-server.ts'

const KEY = 'mail-contents'

async function open() {
  await using opened = new AsyncDisposableStack()
  const redis = opened.use(await startRedis())
  const client = new Redis(redis.url)
  opened.defer(async () => void (await client.quit()))
  const kept = opened.move()
  return {
    client,
    list: createContentList(client, KEY),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

describe('the list of contents in Redis', () => {
  test('knows the room that is left, whatever comes, comes again and goes', async () => {
    await using at = await open()
    await at.list.add('one', 600)
    await at.list.add('one', 600)
    await at.list.add('two', 300)
    await at.list.add('two', 200)
    await at.list.strike('none')
    expect(await at.list.hasRoom(200, 1_000)).toBe(true)
    expect(await at.list.hasRoom(201, 1_000)).toBe(false)
    await at.list.strike('one')
    expect(await at.list.hasRoom(800, 1_000)).toBe(true)
    expect(await at.list.hasRoom(801, 1_000)).toBe(false)
    await at.list.strike('two')
    expect(await at.list.hasRoom(1_000, 1_000)).toBe(true)
  })

  test('asks as little about the room among thousands as among two', async () => {
    await using at = await open()
    const bytesSent = async (): Promise<number> => {
      const [, bytes] = /total_net_output_bytes:(\d+)/.exec(await at.client.info('stats')) ?? []
      return Number(bytes)
    }
    const askedFor = async (): Promise<number> => {
      const before = await bytesSent()
      const between = await bytesSent()
      await at.list.hasRoom(1, 1_000_000)
      // What the server tells of itself is left out.
      return (await bytesSent()) - between - (between - before)
    }
    await at.list.add('one', 1)
    await at.list.add('two', 1)
    expect(await askedFor()).toBeLessThan(200)
    await Promise.all(Array.from({ length: 5_000 }, (_, of) => at.list.add(`more ${of}`, 10)))
    expect(await askedFor()).toBeLessThan(200)
  })

  test('counts what an older program has left, or changed behind its back', async () => {
    await using at = await open()
    await at.client.hset(KEY, { one: 600, two: 300 })
    expect(await at.list.hasRoom(101, 1_000)).toBe(false)
    expect(await at.list.hasRoom(100, 1_000)).toBe(true)
    // An older one takes contents off, and not off the sum.
    await at.client.hdel(KEY, 'one')
    expect(await at.list.hasRoom(700, 1_000)).toBe(true)
    await at.client.hset(KEY, 'three', 500)
    expect(await at.list.countAnew()).toBe(800)
    expect(await at.list.hasRoom(201, 1_000)).toBe(false)
  })

  test('names each content on its pages, and nothing else', async () => {
    await using at = await open()
    const names = Array.from({ length: 700 }, (_, of) => `content ${of}`)
    for (const name of names) await at.list.add(name, 1)
    const found = new Set<string>()
    for await (const page of at.list.pages()) for (const name of page) found.add(name)
    expect([...found].toSorted()).toEqual(names.toSorted())
  })
})
