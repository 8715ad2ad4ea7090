import type { Fault } from '../../smtp/fault.ts'
import type { LoginContext } from './log-in.ts'
import { insecureLogin } from './insecure-login.ts'
import { oauthBearer } from './mechanisms/oauthbearer.ts'
import { xoauth2 } from './mechanisms/xoauth2.ts'
import { noCommonMechanism } from './no-common-mechanism.ts'
import { OAUTH2_MECHANISMS } from './oauth2/every-grant.ts'
import type { OAuth2Mechanism } from './oauth2/every-grant.ts'
import type { OAuth2Credentials } from './oauth2/oauth2.ts'
import { refusedBy } from './oauth2/refused-by.ts'
import { tokenOwner } from './oauth2/token-owner.ts'
import type { Token } from './oauth2/token.ts'

const MECHANISMS = { XOAUTH2: xoauth2, OAUTHBEARER: oauthBearer }

/** The token, or whom it is for, is wrong (RFC 4954 §6). */
const REFUSED = 535

/**
 * Logs in with an access token: the one that is in use, or a new one.
 *
 * One that the server refuses is thrown away, and a new one is tried once, unless it was new.
 */
export async function logInOAuth2(
  credentials: OAuth2Credentials,
  context: LoginContext,
): Promise<Fault | undefined> {
  const { isSecure, offered } = context
  if (!isSecure && !credentials.allowInsecureAuth) {
    return insecureLogin('a token', context)
  }
  const wanted = credentials.mechanism === undefined ? OAUTH2_MECHANISMS : [credentials.mechanism]
  const name = wanted.find((mechanism) => offered.includes(mechanism))
  if (name === undefined) return noCommonMechanism(offered, wanted)
  const owner = tokenOwner(context.manager, credentials)
  const { tokens, signal } = context

  const first = await tokens.get(owner, signal)
  if (first.kind === 'fault') return first.fault
  const refused = await present(first.token, name, credentials, context)
  if (!isRefused(refused)) return refused
  await tokens.discard(owner, first.token)
  if (first.isNew) return refused
  const second = await tokens.get(owner, signal)
  if (second.kind === 'fault') return second.fault
  const again = await present(second.token, name, credentials, context)
  if (isRefused(again)) await tokens.discard(owner, second.token)
  return again
}

async function present(
  { accessToken }: Token,
  name: OAuth2Mechanism,
  { user }: OAuth2Credentials,
  { run, hide }: LoginContext,
): Promise<Fault | undefined> {
  let said: Buffer | undefined
  const mechanism = MECHANISMS[name]({ user, accessToken }, (challenge) => {
    said = challenge
  })
  hide(accessToken)
  const fault = await run(mechanism)
  return fault && said ? refusedBy(fault, said) : fault
}

function isRefused(fault: Fault | undefined): boolean {
  return fault?.kind === 'reply' && fault.reply.code === REFUSED
}
