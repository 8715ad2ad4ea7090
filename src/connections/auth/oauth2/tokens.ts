import type { Fault } from '../../../smtp/fault.ts'
import { createSecret } from '../../secret.ts'
import type { Secret } from '../../secret.ts'
import { createMemoryShelf } from './token-shelf.ts'
import type { TokenPlace, TokenShelf } from './token-shelf.ts'
import { readToken, tokenOf, writeToken } from './token.ts'
import type { Granted, Token } from './token.ts'

/** Who needs tokens: one account of one connection manager. */
export interface TokenOwner {
  readonly place: Omit<TokenPlace, 'kind'>
  /** Whether others may use its tokens; else they stay in the memory of this process. */
  readonly isShared: boolean
  /**
   * Asks the token endpoint once; `refreshToken` is the one that was given last, if any was. Resolves
   * with a fault for whatever goes wrong.
   */
  readonly request: (refreshToken: Secret | undefined) => Promise<Granted | RefusedToken>
}

/** Why there is no token. */
export interface RefusedToken {
  readonly kind: 'fault'
  readonly fault: Fault
}

/** A token to log in with. */
export interface HeldToken {
  readonly kind: 'token'
  readonly token: Token
  /** Whether it was asked for just now: when it is refused, another will be too. */
  readonly isNew: boolean
}

/** The tokens of all accounts of a process. */
export interface Tokens {
  /**
   * The token that is in use, or a new one. However many need one, the endpoint is asked once; a
   * token that still lives is used while a new one cannot be had. `signal` ends the wait alone.
   */
  readonly get: (owner: TokenOwner, signal: AbortSignal) => Promise<HeldToken | RefusedToken>
  /** A mail server does not take `token`: nobody is to use it again. */
  readonly discard: (owner: TokenOwner, token: Token) => Promise<void>
}

export interface TokensOptions {
  /** Where they lie; in the memory of this process by default. */
  readonly shelf?: TokenShelf
  readonly now?: () => number
  readonly random?: () => number
}

interface Context extends Omit<Required<TokensOptions>, 'shelf'> {
  readonly shelfOf: (owner: TokenOwner) => TokenShelf
  /** The refresh tokens that were given last, by owner: a shelf may lose them. */
  readonly refreshTokens: Map<string, Secret>
}

/** However long a fleet takes to get one token, nobody waits longer. */
const WAIT_MS = 60_000

/** Makes the tokens of one process, with none yet. */
export function createTokens({
  shelf = createMemoryShelf(),
  now = Date.now,
  random = Math.random,
}: TokensOptions = {}): Tokens {
  const own = createMemoryShelf()
  const shelfOf = ({ isShared }: TokenOwner): TokenShelf => (isShared ? shelf : own)
  const context: Context = { shelfOf, now, random, refreshTokens: new Map() }
  const held = new Map<string, Token>()
  const flights = new Map<string, Promise<HeldToken | RefusedToken>>()

  const take = async (owner: TokenOwner): Promise<HeldToken | RefusedToken> => {
    const key = keyOf(owner)
    const got = await renewed(owner, held.get(key), context)
    if (got.kind === 'token') held.set(key, got.token)
    return got
  }
  return {
    get: (owner, signal) => {
      const key = keyOf(owner)
      const token = held.get(key)
      if (token !== undefined && now() < token.renewAt) {
        return Promise.resolve({ kind: 'token', token, isNew: false })
      }
      const flight = flights.get(key) ?? take(owner).finally(() => flights.delete(key))
      flights.set(key, flight)
      return orAborted(flight, signal)
    },
    discard: async (owner, token) => {
      const key = keyOf(owner)
      if (isSame(held.get(key), token)) held.delete(key)
      await orNothing(shelfOf(owner).remove(accessOf(owner), writeToken(token)))
    },
  }
}

/** What lies on the shelf if it is fresh, else a new token; `mine` while it lives and there is none. */
async function renewed(
  owner: TokenOwner,
  mine: Token | undefined,
  context: Context,
): Promise<HeldToken | RefusedToken> {
  const { now } = context
  const shelf = context.shelfOf(owner)
  const lying = await lyingToken(owner, shelf)
  if (lying !== undefined && now() < lying.renewAt) return old(lying)
  const alive = [lying, mine].find((token) => token !== undefined && now() < token.expiresAt)
  const alone = await orNothing(
    shelf.alone(accessOf(owner), () => asked(owner, context), {
      signal: AbortSignal.timeout(WAIT_MS),
      mayWait: alive === undefined,
    }),
  )
  const got = alone?.kind === 'done' ? alone.result : undefined
  if (got?.kind === 'token') return got
  if (alive !== undefined) return old(alive)
  // The shelf is away, or whoever is at it does not come to an end.
  return got ?? asked(owner, context)
}

/** Asks the endpoint, unless somebody else has done so meanwhile. */
async function asked(owner: TokenOwner, context: Context): Promise<HeldToken | RefusedToken> {
  const { now, random } = context
  const shelf = context.shelfOf(owner)
  const lying = await lyingToken(owner, shelf)
  if (lying !== undefined && now() < lying.renewAt) return old(lying)
  const granted = await owner.request(await lastRefreshToken(owner, context))
  if (granted.kind === 'fault') return granted
  // The one before it is perhaps worth nothing any more: first of all it is kept.
  if (granted.refreshToken) await keepRefreshToken(owner, granted.refreshToken, context)
  const token = tokenOf(granted, now(), random())
  await orNothing(shelf.write(accessOf(owner), writeToken(token), token.expiresAt))
  return { kind: 'token', token, isNew: true }
}

async function lastRefreshToken(
  owner: TokenOwner,
  { shelfOf, refreshTokens }: Context,
): Promise<Secret | undefined> {
  const text = await orNothing(shelfOf(owner).read({ ...owner.place, kind: 'refresh' }))
  return text === undefined ? refreshTokens.get(keyOf(owner)) : createSecret(text)
}

async function keepRefreshToken(
  owner: TokenOwner,
  refreshToken: Secret,
  { shelfOf, refreshTokens }: Context,
): Promise<void> {
  refreshTokens.set(keyOf(owner), refreshToken)
  await orNothing(shelfOf(owner).write({ ...owner.place, kind: 'refresh' }, refreshToken.reveal()))
}

async function lyingToken(owner: TokenOwner, shelf: TokenShelf): Promise<Token | undefined> {
  const text = await orNothing(shelf.read(accessOf(owner)))
  return text === undefined ? undefined : readToken(text)
}

/** A shelf that is away is as good as an empty one. */
async function orNothing<Value>(answer: Promise<Value>): Promise<Value | undefined> {
  try {
    return await answer
  } catch {
    return undefined
  }
}

function old(token: Token): HeldToken {
  return { kind: 'token', token, isNew: false }
}

/** `flight`, unless `signal` comes first; the flight goes on for the others. */
async function orAborted(
  flight: Promise<HeldToken | RefusedToken>,
  signal: AbortSignal,
): Promise<HeldToken | RefusedToken> {
  const aborted = Promise.withResolvers<RefusedToken>()
  const onAbort = (): void => aborted.resolve({ kind: 'fault', fault: ABORTED })
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([flight, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const ABORTED: Fault = { kind: 'aborted', stage: 'auth', detail: 'ended from our side' }

function isSame(one: Token | undefined, other: Token): boolean {
  return one?.accessToken.reveal() === other.accessToken.reveal()
}

function accessOf({ place }: TokenOwner): TokenPlace {
  return { ...place, kind: 'access' }
}

function keyOf({ place }: TokenOwner): string {
  return `${place.digest}:${place.manager}`
}
