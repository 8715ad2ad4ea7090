import { expect, test } from 'vitest'

import type { TokenEvent } from '../../src/connections/auth/oauth2/token-event.ts'
import { createMemoryShelf } from '../../src/connections/auth/oauth2/token-shelf.ts'
import type { TokenShelf } from '../../src/connections/auth/oauth2/token-shelf.ts'
import { createTokens } from '../../src/connections/auth/oauth2/tokens.ts'
import type { HeldToken, TokenOwner, Tokens } from '../../src/connections/auth/oauth2/tokens.ts'
import { createSecret } from '../../src/connections/secret.ts'
import type { Fault } from '../../src/smtp/fault.ts'

const HOUR = 3_600_000
const LIFE_MS = HOUR
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
  const shelf = createMemoryShelf(() => clock.at)
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
  const owner = { ...accountOf(), isExclusive: false }
  const tokens = createTokens({ shelf: AWAY })
  expect(await textOf(tokens, owner)).toBe('token 1')
  expect(await textOf(tokens, owner)).toBe('token 1')
})

test('while the shelf is away no refresh token is used, and a token that lives is', async () => {
  const clock = { at: 0 }
  const owner = accountOf()
  let shelf = createMemoryShelf(() => clock.at)
  const through: TokenShelf = {
    read: (place) => shelf.read(place),
    write: (place, text) => shelf.write(place, text),
    remove: (place, text) => shelf.remove(place, text),
    alone: (place, task, options) => shelf.alone(place, task, options),
  }
  const tokens = createTokens({ shelf: through, now: () => clock.at })
  await textOf(tokens, owner)
  const { signal: ended } = new AbortController()
  const kept = shelf
  shelf = AWAY
  clock.at = LIFE_MS - 1
  expect(await textOf(tokens, owner)).toBe('token 1')
  clock.at = LIFE_MS
  expect(await tokens.get(owner, ended)).toMatchObject({ fault: { kind: 'refused' } })
  expect(owner.requests).toHaveLength(1)
  shelf = kept
  expect(await textOf(tokens, owner)).toBe('token 2')
  expect(owner.requests).toEqual([undefined, 'refresh 1'])
})

test('who has lost the turn asks nobody with a refresh token', async () => {
  const owner = accountOf()
  const shelf = createMemoryShelf()
  const late: TokenShelf = {
    ...shelf,
    alone: async (_place, task) => ({ kind: 'done', result: await task({ isMine: false }) }),
  }
  const tokens = createTokens({ shelf: late })
  expect(await tokens.get(owner, signal)).toMatchObject({ fault: { kind: 'refused' } })
  expect(owner.requests).toEqual([])
  const other = { ...owner, isExclusive: false }
  expect(await textOf(createTokens({ shelf: late }), other)).toBe('token 1')
})

test('what an endpoint refuses while others wait for it is their answer too, whatever their clocks say', async () => {
  const owner = accountOf()
  owner.isAway = true
  const shelf = oneByOne()
  const hours = [0, -5, 5]
  const members = hours.map((hour) => createTokens({ shelf, now: () => Date.now() + hour * HOUR }))
  const ask = () => Promise.all(members.map((tokens) => tokens.get(owner, signal)))
  const refused = hours.map(() => ({ kind: 'fault', fault: NOBODY }))
  expect(await ask()).toEqual(refused)
  expect(owner.refused).toBe(1)
  expect(await ask()).toEqual(refused)
  expect(owner.refused).toBe(2)
})

test('an endpoint that refuses is left alone for a minute while a token lives', async () => {
  const clock = { at: 0 }
  const owner = accountOf()
  const shelf = createMemoryShelf(() => clock.at)
  const [one, other] = [1, 2].map(() => createTokens({ shelf, now: () => clock.at }))
  await textOf(one!, owner)
  owner.isAway = true
  const due = LIFE_MS * 0.8
  for (const at of [due, due + 1_000, due + 59_000, due + 60_001, due + 61_000]) {
    clock.at = at
    expect(await textOf(one!, owner)).toBe('token 1')
    expect(await textOf(other!, owner)).toBe('token 1')
  }
  expect(owner.refused).toBe(2)
})

test('every answer of an endpoint is told, with nothing secret', async () => {
  const clock = { at: 0 }
  const events: TokenEvent[] = []
  const onEvent = (event: TokenEvent): void => void events.push(event)
  const owner = accountOf()
  const tokens = createTokens({ now: () => clock.at, onEvent })
  await textOf(tokens, owner)
  clock.at = LIFE_MS
  await textOf(tokens, owner)
  clock.at = LIFE_MS * 2
  owner.isAway = true
  await tokens.get(owner, signal)
  const told = { manager: 'Relay', grant: 'refresh-token' }
  expect(events).toEqual([
    { event: 'token-renewed', ...told, livesMs: LIFE_MS, refreshToken: 'configured' },
    { event: 'token-renewed', ...told, livesMs: LIFE_MS, refreshToken: 'kept' },
    { event: 'token-refused', ...told, reason: 'nobody answers' },
  ])
})

test('a refresh token that somebody else was given is known when the shelf loses it', async () => {
  const clock = { at: 0 }
  const owner = accountOf()
  const shelf = createMemoryShelf(() => clock.at)
  const [one, other] = [1, 2].map(() => createTokens({ shelf, now: () => clock.at }))
  await textOf(one!, owner)
  await textOf(other!, owner)
  const refresh = { ...owner.place, kind: 'refresh' } as const
  await shelf.remove(refresh, 'refresh 1')
  clock.at = LIFE_MS
  await textOf(other!, owner)
  expect(owner.requests).toEqual([undefined, 'refresh 1'])
})

test('a refresh token that comes with a refusal is kept, and used the next time', async () => {
  const owner = accountOf()
  const shelf = createMemoryShelf()
  const good = owner.request
  owner.request = () =>
    Promise.resolve({ kind: 'fault', fault: NOBODY, refreshToken: createSecret('replaced') })
  expect(await createTokens({ shelf }).get(owner, signal)).toEqual({ kind: 'fault', fault: NOBODY })
  owner.request = good
  await textOf(createTokens({ shelf }), owner)
  expect(owner.requests).toEqual(['replaced'])
})

test('who ends while a refresh token is on its way waits for it and keeps it, and asks no more', async () => {
  const owner = accountOf()
  const shelf = createMemoryShelf()
  const answered = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const good = owner.request
  owner.request = async (refreshToken) => {
    asked.resolve()
    await answered.promise
    return good(refreshToken)
  }
  const tokens = createTokens({ shelf })
  const leaving = new AbortController()
  const waiting = tokens.get(owner, leaving.signal)
  await asked.promise
  leaving.abort()
  expect(await waiting).toMatchObject({ fault: { kind: 'aborted' } })
  const ended = tokens[Symbol.asyncDispose]()
  answered.resolve()
  await ended
  expect(await shelf.read({ ...owner.place, kind: 'refresh' })).toBe('refresh 1')
  await tokens.discard(owner, (await held(tokens, owner)).token)
  expect(await tokens.get(owner, signal)).toMatchObject({ fault: { kind: 'refused' } })
  expect(owner.requests).toHaveLength(1)
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

const AWAY: TokenShelf = { read: away, write: away, remove: away, alone: away }

/** A shelf whose turns are taken one after the other. */
function oneByOne(): TokenShelf {
  const shelf = createMemoryShelf()
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...shelf,
    alone: (place, task, options) => {
      const turn = last.then(() => shelf.alone(place, task, options))
      last = turn
      return turn
    },
  }
}

interface Account extends Omit<TokenOwner, 'request'> {
  request: TokenOwner['request']
  /** The refresh tokens that it was asked with. */
  readonly requests: (string | undefined)[]
  isAway: boolean
  refused: number
}

const NOBODY: Fault = {
  kind: 'refused',
  stage: 'auth',
  detail: 'nobody answers',
  cause: 'TOKEN_ENDPOINT_AWAY',
}

/** An account whose endpoint counts what it is asked. */
function accountOf(): Account {
  const account: Account = {
    place: { manager: 'Relay', digest: 'd', secret: createSecret('s') },
    grant: 'refresh-token',
    isShared: true,
    isExclusive: true,
    requests: [],
    isAway: false,
    refused: 0,
    request: (refreshToken) => {
      if (account.isAway) {
        account.refused += 1
        return Promise.resolve({ kind: 'fault', fault: NOBODY })
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
