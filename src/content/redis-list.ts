import type { Redis } from 'ioredis'

import { COUNT_ANEW, LIST, STRIKE } from './redis-scripts.ts'

/** All contents of a store with their bytes, and the sum of them. */
export interface ContentList {
  add(sha256: string, bytes: number): Promise<void>
  strike(sha256: string): Promise<void>
  has(sha256: string): Promise<boolean>
  /** Whether so many bytes more are within `most`. */
  hasRoom(bytes: number, most: number): Promise<boolean>
  /** All of them, page by page; one that comes or goes meanwhile may be missing. */
  pages(): AsyncGenerator<readonly string[]>
  /** Puts the sum right where a program that knows none has changed the list. */
  countAnew(): Promise<number>
}

/** Where the sum stands; no content has this name. */
const SUM = ''
const PER_PAGE = 100

/**
 * Makes it of the hash at `key`. There may be very many: the list is never read as a whole, but where
 * its sum is not known, or says that the store is full, and then page by page.
 */
export function createContentList(client: Redis, key: string): ContentList {
  async function* entries(): AsyncGenerator<readonly (readonly [string, number])[]> {
    for (let cursor = ''; cursor !== '0';) {
      const [next, flat] = await client.hscan(key, cursor || 0, 'COUNT', PER_PAGE)
      cursor = next
      const page = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]] as const] : []))
      yield page.filter(([name]) => name !== SUM).map(([name, bytes]) => [name, Number(bytes)])
    }
  }
  async function countAnew(): Promise<number> {
    const before = await client.hget(key, SUM)
    // One may be on two pages.
    const sizes = new Map<string, number>()
    for await (const page of entries()) {
      for (const [name, bytes] of page) sizes.set(name, bytes)
    }
    const sum = sizes.values().reduce((total, bytes) => total + bytes, 0)
    await client.eval(COUNT_ANEW, 1, key, before ?? '', sum)
    return sum
  }
  return {
    add: async (sha256, bytes) => {
      await client.eval(LIST, 1, key, sha256, bytes)
    },
    strike: async (sha256) => {
      await client.eval(STRIKE, 1, key, sha256)
    },
    has: async (sha256) => (await client.hexists(key, sha256)) === 1,
    hasRoom: async (bytes, most) => {
      const sum = await client.hget(key, SUM)
      if (sum !== null && Number(sum) + bytes <= most) return true
      return (await countAnew()) + bytes <= most
    },
    pages: async function* () {
      for await (const page of entries()) yield page.map(([name]) => name)
    },
    countAnew,
  }
}
