import { expect, test } from 'vitest'

import { createMemoryShelf } from '../../src/connections/auth/oauth2/token-shelf.ts'
import type { TokenShelf } from '../../src/connections/auth/oauth2/token-shelf.ts'
import { createTokens } from '../../src/connections/auth/oauth2/tokens.ts'
import type { HeldToken, TokenOwner, Tokens } from '../../src/connections/auth/oauth2/tokens.ts'
import { createSecret } from '../../src/connections/secret.ts'

const LIFE_MS = 3_600_000
const { signal } = new AbortController()

test('however many logins need a token, it is asked for once', async () => {
  const owner = accountOf()
  const tokens = createTokens()
  const texts = await Promise.all([1, 2, 3].map(() => textOf(tokens, owner)))
  expect(texts).toEqual(['token 1', 'token 1', 'token 1'])
  expect(await textOf(tokens, owner)).toBe('token 1')
  expect(owner.requests).toHaveLength(1)
})

test.for<[random: number, share: number]>([
  [0, 0.7],
  [0.999_999, 0.8],
])('with the random number %d a token is renewed at %d of its life', async ([random, share]) => {
  const clock = { at: 0 }
  const owner = accountOf()
  const tokens = createTokens({ now: () => clock.at, random: () => random })
  await textOf(tokens, owner)
  clock.at = LIFE_MS * share - 1_000
  expect(await textOf(tokens, owner)).toBe('token 1')
  clock.at = LIFE_MS * share
  expect(await textOf(tokens, owner)).toBe('token 2')
})

test('a token that is due goes on being used while there is no new one, until it ends', async () => {
  const clock = { at: 0 }
  const owner = accountOf()
  const tokens = createTokens({ now: () => clock.at })
  await textOf(tokens, owner)
  owner.isAway = true
  clock.at = LIFE_MS - 1
  expect(await textOf(tokens, owner)).toBe('token 1')
  clock.at = LIFE_MS
  expect(await tokens.get(owner, signal)).toMatchObject({
    kind: 'fault',
    fault: { kind: 'refused' },
  })
})

test('the refresh token that was given last is the one that is used, also when the shelf loses it', async () => {
  const clock = { at: 0 }
  const owner = accountOf()
  const shelf = createMemoryShelf()
  const forgetful: TokenShelf = { ...shelf, read: () => Promise.resolve(undefined) }
  const tokens = createTokens({ shelf: forgetful, now: () => clock.at })
  await textOf(tokens, owner)
  clock.at = LIFE_MS
  await textOf(tokens, owner)
  expect(owner.requests).toEqual([undefined, 'refresh 1'])
})

test('a token that was discarded is used by nobody, and one that came since by all', async () => {
  const owner = accountOf()
  const shelf = createMemoryShelf()
  const [one, other] = [createTokens({ shelf }), createTokens({ shelf })]
  const { token } = await held(one, owner)
  expect(await textOf(other, owner)).toBe('token 1')
  await one.discard(owner, token)
  expect(await held(one, owner)).toMatchObject({ isNew: true })
  await other.discard(owner, token)
  expect(await textOf(other, owner)).toBe('token 2')
  expect(owner.requests).toHaveLength(2)
})

test('a shelf that is away makes nobody wait', async () => {
  const shelf: TokenShelf = { read: away, write: away, remove: away, alone: away }
  const owner = accountOf()
  const tokens = createTokens({ shelf })
  expect(await textOf(tokens, owner)).toBe('token 1')
  expect(await textOf(tokens, owner)).toBe('token 1')
})

test('whoever stops waiting stops nobody else', async () => {
  const owner = accountOf()
  const tokens = createTokens()
  const waiting = textOf(tokens, owner)
  const gone = await tokens.get(owner, AbortSignal.abort())
  expect(gone).toMatchObject({ kind: 'fault', fault: { kind: 'aborted' } })
  expect(await waiting).toBe('token 1')
})

function away(): Promise<never> {
  return Promise.reject(new Error('the store is away'))
}

interface Account extends TokenOwner {
  /** The refresh tokens that it was asked with. */
  readonly requests: (string | undefined)[]
  isAway: boolean
}

/** An account whose endpoint counts what it is asked. */
function accountOf(): Account {
  const account: Account = {
    place: { manager: 'Relay', digest: 'd', secret: createSecret('s') },
    isShared: true,
    requests: [],
    isAway: false,
    request: (refreshToken) => {
      if (account.isAway) {
        const fault = { kind: 'refused', stage: 'auth', detail: 'nobody answers' } as const
        return Promise.resolve({ kind: 'fault', fault })
      }
      const count = account.requests.push(refreshToken?.reveal())
      return Promise.resolve({
        kind: 'granted',
        accessToken: createSecret(`token ${count}`),
        refreshToken: createSecret(`refresh ${count}`),
        lifeMs: LIFE_MS,
      })
    },
  }
  return account
}

async function held(tokens: Tokens, owner: TokenOwner): Promise<HeldToken> {
  const got = await tokens.get(owner, signal)
  if (got.kind === 'fault') throw new Error('expected a token')
  return got
}

async function textOf(tokens: Tokens, owner: TokenOwner): Promise<string> {
  return (await held(tokens, owner)).token.accessToken.reveal()
}
