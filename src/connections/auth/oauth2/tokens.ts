import type { Fault } from '../../../smtp/fault.ts'
import type { Secret } from '../../secret.ts'
import { createLastingRequests } from './lasting-requests.ts'
import { obtainToken } from './obtain-token.ts'
import type { ObtainContext } from './obtain-token.ts'
import type { TokenEvent } from './token-event.ts'
import { accessOf, keyOf, orNothing } from './token-owner-place.ts'
import { createMemoryShelf } from './token-shelf.ts'
import type { TokenPlace, TokenShelf } from './token-shelf.ts'
import { writeToken } from './token.ts'
import type { Granted, Token } from './token.ts'

/** Who needs tokens: one account of one connection manager. */
export interface TokenOwner {
  readonly place: Omit<TokenPlace, 'kind'>
  /** How tokens are got, to be told. */
  readonly grant: string
  /** Whether others may use its tokens; else they stay in the memory of this process. */
  readonly isShared: boolean
  /**
   * Whether what is asked with may be worth something once only: two who ask with the same one lose
   * the account. Then nobody asks who does not have the shelf's turn.
   */
  readonly isExclusive: boolean
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
  /** The refresh token that is to be used from now on, if one came all the same. */
  readonly refreshToken?: Secret | undefined
}

/** A token to log in with. */
export interface HeldToken {
  readonly kind: 'token'
  readonly token: Token
  /** Whether it was asked for just now: when it is refused, another will be too. */
  readonly isNew: boolean
}

/**
 * The tokens of all accounts of a process. Disposing of them waits for answers that may hold a refresh
 * token, so that it is kept.
 */
export interface Tokens extends AsyncDisposable {
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
  /** Hears of every answer of a token endpoint; nobody by default. */
  readonly onEvent?: (event: TokenEvent) => void
}

/** Makes the tokens of one process, with none yet. */
export function createTokens({
  now = Date.now,
  shelf = createMemoryShelf(now),
  random = Math.random,
  onEvent = () => {},
}: TokensOptions = {}): Tokens {
  const own = createMemoryShelf(now)
  const shelfOf = ({ isShared }: TokenOwner): TokenShelf => (isShared ? shelf : own)
  const lasting = createLastingRequests()
  const refreshTokens = new Map<string, Secret>()
  const context: ObtainContext = { shelfOf, now, random, onEvent, refreshTokens, lasting }
  const held = new Map<string, Token>()
  const flights = new Map<string, Promise<HeldToken | RefusedToken>>()

  const take = async (owner: TokenOwner): Promise<HeldToken | RefusedToken> => {
    const key = keyOf(owner)
    const got = await obtainToken(owner, held.get(key), context)
    if (got.kind === 'token') held.set(key, got.token)
    return got
  }
  return {
    get: (owner, signal) => {
      const key = keyOf(owner)
      const flight = flights.get(key) ?? take(owner).finally(() => flights.delete(key))
      flights.set(key, flight)
      return orAborted(flight, signal)
    },
    discard: async (owner, token) => {
      const key = keyOf(owner)
      if (isSame(held.get(key), token)) held.delete(key)
      await orNothing(shelfOf(owner).remove(accessOf(owner), writeToken(token)))
    },
    [Symbol.asyncDispose]: () => lasting[Symbol.asyncDispose](),
  }
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
