import { randomBytes } from 'node:crypto'

import { expect, test } from 'vitest'

import type { ContentOptions } from '../../src/content/open.ts'
import type { ContentStore } from '../../src/content/content.ts'
import { refOf, type ContentRef } from '../../src/job/content-ref.ts'

/** A content store of its own for each test, closed with it. */
export interface OpenedContent extends AsyncDisposable {
  readonly content: ContentStore
  /** Another process' view of the same contents. */
  readonly other: ContentStore
  /** Spoils what is kept under this digest. */
  damage(sha256: string): Promise<void>
}

export type OpenContent = (options?: ContentOptions) => Promise<OpenedContent>

const NOBODY = (): Promise<boolean> => Promise.resolve(false)
const ALL = (): Promise<boolean> => Promise.resolve(true)
const ONE = { id: 'm-1', digest: 'digest-one-of-22-chars' }
const TWO = { id: 'm-2', digest: 'digest-two-of-22-chars' }

/** What every content store does, whatever it is made of. */
export function describeContent(open: OpenContent): void {
  test.for([0, 1, 262_143, 262_144, 262_145, 1_000_000])(
    'content of %d bytes is read as it was put, in bounded pieces',
    async (size) => {
      await using at = await open()
      const source = sourceOf(randomBytes(size))
      await at.content.put(source, ONE)
      const pieces = await piecesOf(at.other, source.ref)
      expect(Buffer.concat(pieces).equals(source.bytes)).toBe(true)
      expect(Math.max(0, ...pieces.map(({ length }) => length))).toBeLessThanOrEqual(262_144)
    },
  )

  test('content that comes in pieces of any size is the same content', async () => {
    await using at = await open()
    const { bytes, ref } = sourceOf(randomBytes(700_000))
    const read = function* () {
      for (let from = 0, step = 1; from < bytes.length; from += step, step = (step * 3) % 99_991) {
        yield bytes.subarray(from, from + step)
      }
    }
    await at.content.put({ ref, read }, ONE)
    expect((await bytesOf(at.content, ref)).equals(bytes)).toBe(true)
  })

  test('content is kept once, and read no second time from where it came', async () => {
    await using at = await open()
    const source = sourceOf(randomBytes(300_000))
    let readings = 0
    const counting = {
      ref: source.ref,
      read: () => {
        readings += 1
        return source.read()
      },
    }
    await at.content.put(counting, ONE)
    await at.content.put(counting, ONE)
    await at.other.put(counting, TWO)
    expect(readings).toBe(1)
  })

  test('content is there until the last message has released it, however often each does', async () => {
    await using at = await open()
    const { ref, ...source } = sourceOf(randomBytes(300_000))
    await at.content.put({ ref, ...source }, ONE)
    await at.content.put({ ref, ...source }, TWO)
    await at.content.release(ONE.id)
    await at.content.release(ONE.id)
    expect((await bytesOf(at.other, ref)).equals(source.bytes)).toBe(true)
    await at.other.release(TWO.id)
    await expect(bytesOf(at.content, ref)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    await at.content.put({ ref, ...source }, TWO)
    expect((await bytesOf(at.content, ref)).equals(source.bytes)).toBe(true)
  })

  test('a release of one request leaves what another one of the same message needs', async () => {
    await using at = await open()
    const [shared, own] = [sourceOf(randomBytes(10)), sourceOf(randomBytes(10))]
    await at.content.put(shared, ONE)
    await at.content.put(shared, { ...ONE, digest: 'another' })
    await at.content.put(own, { ...ONE, digest: 'another' })
    await at.content.release(ONE.id, 'another')
    expect((await bytesOf(at.content, shared.ref)).equals(shared.bytes)).toBe(true)
    await expect(bytesOf(at.content, own.ref)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
  })

  test('of many who come and go at once nobody loses what another needs', async () => {
    await using at = await open()
    const source = sourceOf(randomBytes(300_000))
    await at.content.put(source, { id: 'm-keeper', digest: 'x' })
    const comeAndGo = async (worker: number): Promise<void> => {
      const content = worker % 2 === 0 ? at.content : at.other
      for (let turn = 0; turn < 10; turn++) {
        const owner = { id: `m-${worker}-${turn}`, digest: 'x' }
        await content.put(source, owner)
        expect((await bytesOf(content, source.ref)).length).toBe(300_000)
        if (turn === 4 && worker === 0) await content.release('m-keeper')
        await content.release(owner.id)
      }
    }
    await Promise.all([0, 1, 2, 3, 4, 5].map(comeAndGo))
    await expect(bytesOf(at.content, source.ref)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
  })

  test('what is not what its reference says is refused, and is no content', async () => {
    await using at = await open()
    const { ref, bytes } = sourceOf(randomBytes(300_000))
    const changed = Buffer.from(bytes)
    changed[299_999] = (changed[299_999] ?? 0) ^ 1
    for (const read of [() => [changed], () => [bytes.subarray(1)], () => [bytes, bytes]]) {
      await expect(at.content.put({ ref, read }, ONE)).rejects.toMatchObject({
        code: 'CONTENT_CHANGED',
      })
    }
    await expect(bytesOf(at.content, ref)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    await at.content.put(sourceOf(bytes), ONE)
    expect((await bytesOf(at.content, ref)).equals(bytes)).toBe(true)
  })

  test('what was never put is missing', async () => {
    await using at = await open()
    await at.content.put(sourceOf(Buffer.from('x')), ONE)
    const { ref } = sourceOf(randomBytes(10))
    await expect(bytesOf(at.content, ref)).rejects.toMatchObject({
      code: 'CONTENT_MISSING',
      sha256: ref.sha256,
    })
  })

  test('content over the limit, and over that of all contents, is refused', async () => {
    await using at = await open({ maxBytes: 1_000, totalBytes: 1_500 })
    await expect(at.content.put(sourceOf(randomBytes(1_001)), ONE)).rejects.toMatchObject({
      code: 'CONTENT_TOO_LARGE',
      size: 1_001,
      limit: 1_000,
    })
    const first = sourceOf(randomBytes(1_000))
    await at.content.put(first, ONE)
    const second = sourceOf(randomBytes(501))
    await expect(at.content.put(second, TWO)).rejects.toMatchObject({
      code: 'CONTENT_STORE_FULL',
      limit: 1_500,
    })
    await at.content.put(first, TWO)
    await at.content.release(ONE.id)
    await at.content.release(TWO.id)
    await at.content.put(second, TWO)
  })

  test('a sweep leaves alone what was put within the grace', async () => {
    await using at = await open({ graceMs: 60_000 })
    const source = sourceOf(randomBytes(300_000))
    await at.content.put(source, ONE)
    expect(await at.content.sweep(NOBODY)).toBe(0)
    expect((await bytesOf(at.other, source.ref)).equals(source.bytes)).toBe(true)
  })

  test('a sweep asks for each message, and takes away only what is old enough', async () => {
    await using at = await open({ graceMs: 0 })
    const [mine, shared] = [sourceOf(randomBytes(10)), sourceOf(randomBytes(10))]
    await at.content.put(mine, ONE)
    await at.content.put(shared, ONE)
    await at.content.put(shared, TWO)
    expect(await at.content.sweep(ALL)).toBe(0)
    expect(await at.content.sweep((id) => Promise.resolve(id === TWO.id))).toBe(1)
    await expect(bytesOf(at.content, mine.ref)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    expect((await bytesOf(at.content, shared.ref)).equals(shared.bytes)).toBe(true)
    expect(await at.content.sweep(NOBODY)).toBe(1)
    expect(await at.content.sweep(NOBODY)).toBe(0)
  })

  test('what is put again while a sweep asks for it stays', async () => {
    await using at = await open({ graceMs: 0 })
    const source = sourceOf(randomBytes(300_000))
    await at.content.put(source, ONE)
    const begunAt = Date.now()
    const putAgain = async (): Promise<boolean> => {
      await expect.poll(() => Date.now() - begunAt, { interval: 1 }).toBeGreaterThan(2)
      await at.other.put(source, ONE)
      return false
    }
    expect(await at.content.sweep(putAgain)).toBe(0)
    expect((await bytesOf(at.other, source.ref)).equals(source.bytes)).toBe(true)
    await at.content.release(ONE.id)
    await expect(bytesOf(at.content, source.ref)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
  })

  test('what is sent again stays for it while its message of before is forgotten', async () => {
    await using at = await open({ graceMs: 60_000 })
    const source = sourceOf(randomBytes(300_000))
    for (let round = 0; round < 20; round += 1) {
      await at.content.put(source, ONE)
      const forgetting = at.other.release(ONE.id, ONE.digest, 'old')
      await Promise.all([forgetting, at.content.put(source, ONE)])
      expect((await bytesOf(at.other, source.ref)).equals(source.bytes)).toBe(true)
    }
  })

  test('what a forgotten message had put long ago goes with it', async () => {
    await using at = await open({ graceMs: 0 })
    const source = sourceOf(randomBytes(10))
    await at.content.put(source, ONE)
    const begunAt = Date.now()
    await expect.poll(() => Date.now() - begunAt, { interval: 1 }).toBeGreaterThan(2)
    await at.other.release(ONE.id, ONE.digest, 'old')
    await expect(bytesOf(at.content, source.ref)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
  })

  test('who puts something else under a digest spoils nothing for who puts what it says', async () => {
    await using at = await open()
    const source = sourceOf(randomBytes(600_000))
    const [begun, freed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const changed = {
      ref: source.ref,
      read: async function* () {
        yield source.bytes.subarray(0, 300_000)
        begun.resolve()
        await freed.promise
        yield randomBytes(300_000)
      },
    }
    const refused = at.other.put(changed, TWO).catch((error: unknown) => error)
    await begun.promise
    await at.content.put(source, ONE)
    freed.resolve()
    expect(await refused).toMatchObject({ code: 'CONTENT_CHANGED' })
    expect((await bytesOf(at.content, source.ref)).equals(source.bytes)).toBe(true)
  })

  test('damage is seen by who compares the digest', async () => {
    await using at = await open()
    const source = sourceOf(randomBytes(300_000))
    await at.content.put(source, ONE)
    await at.damage(source.ref.sha256)
    const read = await bytesOf(at.content, source.ref).catch(() => Buffer.of())
    expect(refOf(read)).not.toEqual(source.ref)
  })

  test('content that was found damaged is brought back by who puts it again', async () => {
    await using at = await open()
    const source = sourceOf(randomBytes(300_000))
    await at.content.put(source, ONE)
    await at.damage(source.ref.sha256)
    await at.content.verify(source.ref)
    await at.content.put(source, TWO)
    await at.other.verify(source.ref)
    expect((await bytesOf(at.other, source.ref)).equals(source.bytes)).toBe(true)
    await at.content.release(TWO.id)
    expect((await bytesOf(at.other, source.ref)).equals(source.bytes)).toBe(true)
  })

  test('content is taken from nobody by who is wrong about its size', async () => {
    await using at = await open()
    const source = sourceOf(randomBytes(300_000))
    await at.content.put(source, ONE)
    for (const bytes of [1, 300_001]) await at.other.verify({ ...source.ref, bytes })
    expect((await bytesOf(at.content, source.ref)).equals(source.bytes)).toBe(true)
  })
}

function sourceOf(bytes: Buffer) {
  return { bytes, ref: refOf(bytes), read: () => [bytes] }
}

export async function bytesOf(content: ContentStore, ref: ContentRef): Promise<Buffer> {
  return Buffer.concat(await piecesOf(content, ref))
}

async function piecesOf(content: ContentStore, ref: ContentRef): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = []
  for await (const piece of content.open(ref)) pieces.push(piece)
  return pieces
}
