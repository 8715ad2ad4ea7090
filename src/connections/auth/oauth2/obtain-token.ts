import { randomUUID } from 'node:crypto'

import type { Fault } from '../../../smtp/fault.ts'
import { createSecret } from '../../secret.ts'
import type { Secret } from '../../secret.ts'
import type { LastingRequests } from './lasting-requests.ts'
import { readRefusal, writeRefusal } from './shared-refusal.ts'
import type { TokenEvent } from './token-event.ts'
import { accessOf, keyOf, orNothing } from './token-owner-place.ts'
import type { Alone, ShelfTurn, TokenPlace, TokenShelf } from './token-shelf.ts'
import { readToken, tokenOf, writeToken } from './token.ts'
import type { Token } from './token.ts'
import type { HeldToken, RefusedToken, TokenOwner } from './tokens.ts'

export interface ObtainContext {
  readonly shelfOf: (owner: TokenOwner) => TokenShelf
  readonly now: () => number
  readonly random: () => number
  readonly onEvent: (event: TokenEvent) => void
  /** The refresh tokens that were given last, by owner: a shelf may lose them. */
  readonly refreshTokens: Map<string, Secret>
  /** What is asked with a refresh token just now, until the answer is kept. */
  readonly lasting: LastingRequests
}

type Got = HeldToken | RefusedToken

/** However long a fleet takes to get one token, nobody waits longer. */
const WAIT_MS = 60_000
/**
 * How long a refusal lies on the shelf, by the shelf's clock: as long is the endpoint left alone while
 * the token of before still lives.
 */
const RETRY_AFTER_MS = 60_000

/**
 * What lies on the shelf if it is fresh, else a new token. `mine`, the one that this process used
 * last, counts while the shelf is away, or no other can be had.
 */
export async function obtainToken(
  owner: TokenOwner,
  mine: Token | undefined,
  context: ObtainContext,
): Promise<Got> {
  const { now } = context
  const shelf = context.shelfOf(owner)
  const look = await lookAt(shelf, owner)
  const isAway = look.kind === 'away'
  const lying = isAway ? mine : look.token
  if (lying !== undefined && now() < lying.renewAt) {
    if (!isAway) await noteRefreshToken(owner, lying, mine, context)
    return old(lying)
  }
  const [last] = [lying, mine].filter((token) => token !== undefined && now() < token.expiresAt)
  const isRenewal = lying !== undefined && lying === last
  const known = isRenewal ? undefined : await orNothing(shelf.read(refusalOf(owner)))
  const task = (turn: ShelfTurn): Promise<Got> => askInTurn(owner, known, turn, context)
  const alone: Alone<Got> | undefined = await orNothing(
    shelf.alone(accessOf(owner), task, {
      signal: AbortSignal.timeout(WAIT_MS),
      mayWait: !isRenewal,
    }),
  )
  const got = alone?.kind === 'done' ? alone.result : undefined
  if (got?.kind === 'token') return got
  if (last !== undefined) return old(last)
  if (got !== undefined) return got
  // The shelf is away, or whoever is at it does not come to an end.
  return owner.isExclusive ? { kind: 'fault', fault: NOT_ALONE } : ask(owner, undefined, context)
}

const NOT_ALONE: Fault = {
  kind: 'refused',
  stage: 'auth',
  detail:
    'a new token has to wait: its refresh token is kept in the store, which is away, or another worker uses it',
}

/**
 * Asks the endpoint, unless somebody else has done so meanwhile; what it has refused since the refusal
 * `known` it would refuse again.
 */
async function askInTurn(
  owner: TokenOwner,
  known: string | undefined,
  turn: ShelfTurn,
  context: ObtainContext,
): Promise<Got> {
  const { shelfOf, now } = context
  const shelf = shelfOf(owner)
  const look = await lookAt(shelf, owner)
  const lying = look.kind === 'here' ? look.token : undefined
  if (lying !== undefined && now() < lying.renewAt) return old(lying)
  const text = await orNothing(shelf.read(refusalOf(owner)))
  const refusal = text === undefined || text === known ? undefined : readRefusal(text)
  if (refusal !== undefined) return { kind: 'fault', fault: refusal.fault }
  if (!owner.isExclusive) return ask(owner, undefined, context)
  try {
    const kept = await shelf.read(refreshOf(owner))
    const last = kept === undefined ? context.refreshTokens.get(keyOf(owner)) : createSecret(kept)
    // Who was frozen meanwhile may not be the only one any more.
    if (turn.isMine) return await context.lasting.run(() => ask(owner, last, context))
  } catch {
    // Nobody knows which refresh token is the one to use, or this process ends.
  }
  return { kind: 'fault', fault: NOT_ALONE }
}

/** Asks the endpoint, and shares its answer. */
async function ask(
  owner: TokenOwner,
  last: Secret | undefined,
  { shelfOf, now, random, onEvent, refreshTokens }: ObtainContext,
): Promise<Got> {
  const shelf = shelfOf(owner)
  const told = { manager: owner.place.manager, grant: owner.grant }
  const answer = await owner.request(last)
  // The one before it is perhaps worth nothing any more: first of all it is kept.
  if (answer.refreshToken) {
    refreshTokens.set(keyOf(owner), answer.refreshToken)
    await orNothing(shelf.write(refreshOf(owner), answer.refreshToken.reveal()))
  }
  if (answer.kind === 'fault') {
    const { fault } = answer
    if (fault.kind !== 'reply') onEvent({ event: 'token-refused', ...told, reason: fault.detail })
    const text = writeRefusal({ id: randomUUID(), fault })
    const endsAt = now() + RETRY_AFTER_MS
    if (text !== undefined) await orNothing(shelf.write(refusalOf(owner), text, endsAt))
    return { kind: 'fault', fault }
  }
  const token = tokenOf(answer, now(), random())
  await orNothing(shelf.write(accessOf(owner), writeToken(token), token.expiresAt))
  const livesMs = token.expiresAt - now()
  const refreshToken = last === undefined ? 'configured' : 'kept'
  const used = owner.isExclusive ? ({ refreshToken } as const) : {}
  onEvent({ event: 'token-renewed', ...told, livesMs, ...used })
  return { kind: 'token', token, isNew: true }
}

/** Remembers the refresh token that goes with a token of somebody else: a store may be emptied. */
async function noteRefreshToken(
  owner: TokenOwner,
  lying: Token,
  mine: Token | undefined,
  { shelfOf, refreshTokens }: ObtainContext,
): Promise<void> {
  if (!owner.isExclusive || lying.accessToken.reveal() === mine?.accessToken.reveal()) return
  const kept = await orNothing(shelfOf(owner).read(refreshOf(owner)))
  if (kept !== undefined) refreshTokens.set(keyOf(owner), createSecret(kept))
}

type Look = { readonly kind: 'away' } | { readonly kind: 'here'; readonly token: Token | undefined }

async function lookAt(shelf: TokenShelf, owner: TokenOwner): Promise<Look> {
  try {
    const text = await shelf.read(accessOf(owner))
    return { kind: 'here', token: text === undefined ? undefined : readToken(text) }
  } catch {
    return { kind: 'away' }
  }
}

function refreshOf({ place }: TokenOwner): TokenPlace {
  return { ...place, kind: 'refresh' }
}

function refusalOf({ place }: TokenOwner): TokenPlace {
  return { ...place, kind: 'refusal' }
}

function old(token: Token): HeldToken {
  return { kind: 'token', token, isNew: false }
}
