import { hkdfSync, scryptSync } from 'node:crypto'

import { expect, test } from 'vitest'

import type {
  ShelfTurn,
  TokenPlace,
  TokenShelf,
} from '../../src/connections/auth/oauth2/token-shelf.ts'
import { createTokens } from '../../src/connections/auth/oauth2/tokens.ts'
import { createSecret } from '../../src/connections/secret.ts'
import type { Secret } from '../../src/connections/secret.ts'
import { openRegistry } from '../../src/fleet/registry.ts'
import { createTokenPlaces } from '../../src/fleet/token-places.ts'
import { openTokenRecords, type TokenRecords } from '../../src/fleet/token-records.ts'
import { openTokenShelf, type TokenShelfOptions } from '../../src/fleet/token-shelf.ts'
import { openTurns } from '../../src/fleet/turns.ts'
import type { Store } from '../../src/store/store.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { openPlace } from './open-health.ts'

const ACCESS: TokenPlace = {
  kind: 'access',
  manager: 'relay',
  digest: 'd1',
  secret: createSecret('client-secret'),
}
const REFRESH: TokenPlace = { ...ACCESS, kind: 'refresh' }
const KEYLESS = createTokenPlaces(() => Promise.resolve(undefined))
const { key: ACCESS_KEY, name: ACCESS_NAME } = await KEYLESS.of(ACCESS)
const NAMES = ['relay', 'a:b', `"; drop table fleet_token; --`, '关'.repeat(128), 'u\u0308']
const AT_ONCE = { signal: new AbortController().signal, mayWait: false }

interface Member extends AsyncDisposable {
  readonly shelf: TokenShelf
  readonly records: TokenRecords
  readonly store: Store
  readonly faults: readonly unknown[]
}

/** A worker of its own, with a store connection of its own. */
async function join(place: TestStore, options: Partial<TokenShelfOptions> = {}): Promise<Member> {
  const store = await openPlace(place)
  // Prepares the table of turns, as in every worker.
  openRegistry(store)
  const faults: unknown[] = []
  const onFault = (error: unknown): void => void faults.push(error)
  await store.ping()
  // Many share the machine.
  const patience = { patienceMs: 30_000 }
  const shelf = await openTokenShelf(store, { onFault, ...patience, ...options })
  return {
    store,
    shelf,
    records: openTokenRecords(store),
    faults,
    [Symbol.asyncDispose]: async () => {
      await shelf[Symbol.asyncDispose]()
      await store.close()
    },
  }
}

function never(): Promise<never> {
  return Promise.reject(new Error('two at once'))
}

function failing(): Promise<never> {
  return Promise.reject(new Error('failed'))
}

function one(): Promise<number> {
  return Promise.resolve(1)
}

function inMs(ms: number): number {
  return Date.now() + ms
}

function patiently(ms = 20_000) {
  return { signal: AbortSignal.timeout(ms), mayWait: true }
}

describeServers('the token shelf', (place) => {
  test('what one worker puts there another one reads, of any name', async () => {
    const at = place()
    await using first = await join(at)
    await using other = await join(at)
    expect(await first.shelf.read(ACCESS)).toBeUndefined()
    for (const manager of NAMES) {
      await first.shelf.write({ ...ACCESS, manager }, `token of ${manager}`, inMs(60_000))
      expect(await other.shelf.read({ ...ACCESS, manager })).toBe(`token of ${manager}`)
    }
    await other.shelf.write(ACCESS, 'newer', inMs(60_000))
    expect(await first.shelf.read(ACCESS)).toBe('newer')
    expect(await first.shelf.read(REFRESH)).toBeUndefined()
  })

  test('the store shows no token, and another secret, digest or name opens none', async () => {
    await using member = await join(place())
    const { shelf, records } = member
    await shelf.write(ACCESS, 'opaque-token', inMs(60_000))
    const sealed = (await records.read(ACCESS_KEY)) ?? ''
    expect(sealed).toMatch(/^1\.[\w-]{50,}$/)
    expect(Buffer.from(sealed.slice(2), 'base64url').toString('latin1')).not.toContain('opaque')
    expect(await shelf.read({ ...ACCESS, secret: createSecret('another') })).toBeUndefined()
    const keyed = await openTokenShelf(member.store, {
      patienceMs: 30_000,
      sharedKey: () => Promise.resolve('key'),
      onFault: () => undefined,
    })
    expect(await keyed.read(ACCESS)).toBeUndefined()
    await keyed[Symbol.asyncDispose]()
    const life = { text: sealed, lifeMs: 60_000 }
    const others = [{ ...ACCESS, digest: 'd2' }, { ...ACCESS, manager: 'other' }, REFRESH]
    for (const to of others) {
      const { key } = await KEYLESS.of(to)
      expect(await records.replace(key, undefined, life)).toBe(true)
      expect(await shelf.read(to)).toBeUndefined()
    }
  })

  test('who reads the store, and guesses the secret, has to make each guess by scrypt', async () => {
    await using member = await join(place())
    const secrets = ['a weak secret', 'another one']
    for (const secret of secrets) {
      await member.shelf.write({ ...ACCESS, secret: createSecret(secret) }, 'token', inMs(60_000))
    }
    const slow = secrets.map((secret) => {
      const facts = JSON.stringify(['relay', 'd1', secret, ''])
      const key = scryptSync(facts, 'mailroom/tokens', 32, { N: 8_192, r: 8, p: 1 })
      const digest = hkdfSync('sha256', key, '', 'mailroom/tokens/place', 16)
      return `access:${Buffer.from(digest).toString('hex')}`
    })
    const lying = await member.records.ends('relay')
    expect([...lying.keys()].toSorted()).toEqual(slow.toSorted())
  })

  test('another key that all share is another place', async () => {
    const keyed = createTokenPlaces(() => Promise.resolve('key'))
    const places = [await KEYLESS.of(ACCESS), await keyed.of(ACCESS)]
    expect(new Set(places.map(({ name }) => name)).size).toBe(2)
    expect(new Set(places.map(({ seal }) => seal.secret)).size).toBe(2)
  })

  test('the same text never looks the same twice', async () => {
    await using member = await join(place())
    await member.shelf.write(ACCESS, 'token', inMs(60_000))
    const first = await member.records.read(ACCESS_KEY)
    await member.shelf.write(ACCESS, 'token', inMs(60_000))
    expect(await member.records.read(ACCESS_KEY)).not.toBe(first)
  })

  test.for(['', 'nonsense', '1.', '1.AAAA', '2.x', '1.x.y'])(
    'a spoilt value "%s" counts as none, and is replaced',
    async (spoilt) => {
      await using member = await join(place())
      await member.records.replace(ACCESS_KEY, undefined, { text: spoilt, lifeMs: 60_000 })
      expect(await member.shelf.read(ACCESS)).toBeUndefined()
      await member.shelf.write(ACCESS, 'token', inMs(60_000))
      expect(await member.shelf.read(ACCESS)).toBe('token')
    },
  )

  test('a text whose bytes were changed counts as none', async () => {
    await using member = await join(place())
    await member.shelf.write(ACCESS, 'token', inMs(60_000))
    const sealed = (await member.records.read(ACCESS_KEY)) ?? ''
    const changed = `${sealed.slice(0, -3)}${sealed.at(-3) === 'A' ? 'B' : 'A'}${sealed.slice(-2)}`
    await member.records.replace(ACCESS_KEY, sealed, { text: changed, lifeMs: 60_000 })
    expect(await member.shelf.read(ACCESS)).toBeUndefined()
  })

  test('an access token ends with its life, and the refresh token outlives it', async () => {
    await using member = await join(place())
    const { shelf, records } = member
    await shelf.write(REFRESH, 'refresh', undefined)
    await shelf.write(ACCESS, 'token', inMs(300))
    await expect.poll(() => shelf.read(ACCESS)).toBeUndefined()
    expect(await shelf.read(REFRESH)).toBe('refresh')
    await shelf.write(ACCESS, 'next', inMs(60_000))
    expect(await shelf.read(ACCESS)).toBe('next')
    const ends = await records.ends('relay')
    const days =
      (Number(ends.get((await KEYLESS.of(REFRESH)).key.item)) - (await member.store.nowMs())) /
      86_400_000
    expect(days).toBeGreaterThan(89)
    expect(days).toBeLessThanOrEqual(90)
  })

  test('a token is taken away by who was refused with it, and not one that is newer', async () => {
    const at = place()
    await using first = await join(at)
    await using other = await join(at)
    await first.shelf.write(ACCESS, 'revoked', inMs(60_000))
    await other.shelf.remove(ACCESS, 'revoked')
    expect(await first.shelf.read(ACCESS)).toBeUndefined()
    await first.shelf.write(ACCESS, 'newer', inMs(60_000))
    await other.shelf.remove(ACCESS, 'revoked')
    expect(await first.shelf.read(ACCESS)).toBe('newer')
  })

  test('one is at it at a time, and the next comes when it has ended', async () => {
    const at = place()
    // Who waits hears of it: it would not look by itself.
    const members = await Promise.all([1, 2, 3].map(() => join(at, { everyMs: 60_000 })))
    await using opened = new AsyncDisposableStack()
    for (const member of members) opened.use(member)
    let inside = 0
    let most = 0
    const task = async (): Promise<void> => {
      inside += 1
      most = Math.max(most, inside)
      for (const { store } of members) await store.ping()
      inside -= 1
    }
    const all = members.flatMap(({ shelf }) =>
      [1, 2].map(() => shelf.alone(ACCESS, task, patiently())),
    )
    expect(await Promise.all(all)).toEqual(all.map(() => ({ kind: 'done', result: undefined })))
    expect(most).toBe(1)
  })

  test('who must not wait is told at once that somebody is at it', async () => {
    const at = place()
    await using first = await join(at)
    await using other = await join(at)
    const ending = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const asking = first.shelf.alone(
      ACCESS,
      () => {
        begun.resolve()
        return ending.promise
      },
      patiently(),
    )
    await begun.promise
    expect(await other.shelf.alone(ACCESS, never, AT_ONCE)).toEqual({ kind: 'busy' })
    expect(await other.shelf.alone(ACCESS, never, patiently(100))).toEqual({ kind: 'busy' })
    const elsewhere = { ...ACCESS, manager: 'other' }
    expect(await other.shelf.alone(elsewhere, () => Promise.resolve(7), AT_ONCE)).toMatchObject({
      result: 7,
    })
    ending.resolve()
    expect(await asking).toMatchObject({ kind: 'done' })
  })

  test('a task that fails gives its turn back', async () => {
    await using member = await join(place())
    await expect(member.shelf.alone(ACCESS, failing, AT_ONCE)).rejects.toThrow('failed')
    expect(await member.shelf.alone(ACCESS, one, AT_ONCE)).toMatchObject({
      kind: 'done',
    })
  })

  test('a turn that lasts longer than its lease is kept by signs of life, and one without ends', async () => {
    const at = place()
    await using first = await join(at, { forMs: 400 })
    await using other = await join(at, { forMs: 400, everyMs: 50 })
    await openTurns(first.store).take(`token:${ACCESS_NAME}`, 'somebody who died', 400)
    const attempts = new Set<string>()
    const outlasts = async (turn: ShelfTurn): Promise<boolean> => {
      const held = performance.now()
      while (turn.isMine && performance.now() < held + 900) {
        const attempt = await first.shelf.alone(ACCESS, one, AT_ONCE)
        // Who is held up by the machine has lost it, and knows.
        if (turn.isMine) attempts.add(attempt.kind)
      }
      return turn.isMine
    }
    const kept = { kind: 'done', result: true }
    await expect
      .poll(() => other.shelf.alone(ACCESS, outlasts, patiently()), { timeout: 30_000 })
      .toEqual(kept)
    expect([...attempts]).toEqual(['busy'])
  })
})

describeOwnRedis('a token shelf whose Redis is away', () => {
  test('tells so within seconds, keeps what was not written, and writes it when it is back', async () => {
    await using redis = await startRedis()
    const at = { queue: redis.url, prefix: 'tokens', schema: 'unused' }
    await using member = await join(at, { everyMs: 50, patienceMs: 2_000 })
    await member.shelf.write(REFRESH, 'first', undefined)
    expect(await member.shelf.read(REFRESH)).toBe('first')
    await redis.stop()
    const away = { code: 'STORE_UNREACHABLE' }
    await Promise.all([
      expect(member.shelf.read(ACCESS)).rejects.toMatchObject(away),
      expect(member.shelf.write(REFRESH, 'second', undefined)).rejects.toMatchObject(away),
      expect(member.shelf.alone(ACCESS, one, AT_ONCE)).rejects.toMatchObject(away),
    ])
    expect(await member.shelf.read(REFRESH)).toBe('second')
    await redis.restart()
    await using other = await join(at)
    await expect.poll(() => other.shelf.read(REFRESH), { timeout: 20_000 }).toBe('second')
    // What was asked while it was away holds nobody up now.
    await expect
      .poll(() => other.shelf.alone(ACCESS, one, AT_ONCE), { timeout: 5_000 })
      .toMatchObject({ kind: 'done' })
  })
  test('loses no refresh token that came while it went, and nobody uses the one before it', async () => {
    await using redis = await startRedis()
    const at = { queue: redis.url, prefix: 'tokens', schema: 'unused' }
    await using member = await join(at, { everyMs: 50, patienceMs: 1_000 })
    const asked: (string | undefined)[] = []
    const owner = {
      place: { manager: 'relay', digest: 'd1', secret: createSecret('configured') },
      grant: 'refresh-token',
      isShared: true,
      isExclusive: true,
      request: async (last: Secret | undefined) => {
        const count = asked.push(last?.reveal())
        if (count === 1) await redis.stop()
        const accessToken = createSecret(`token ${count}`)
        return {
          kind: 'granted' as const,
          accessToken,
          refreshToken: createSecret(`refresh ${count}`),
          lifeMs: count === 1 ? 1 : 60_000,
        }
      },
    }
    const { signal } = AT_ONCE
    const got = await createTokens({ shelf: member.shelf }).get(owner, signal)
    expect(got).toMatchObject({ kind: 'token', isNew: true })
    await redis.restart()
    await using other = await join(at)
    const next = await createTokens({ shelf: other.shelf }).get(owner, signal)
    expect(next).toMatchObject({ kind: 'token', isNew: true })
    expect(asked).toEqual([undefined, 'refresh 1'])
  })
})
