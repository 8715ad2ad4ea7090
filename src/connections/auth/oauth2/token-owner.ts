import { hkdfSync } from 'node:crypto'

import { createSecret } from '../../secret.ts'
import type { Secret } from '../../secret.ts'
import { factsOfGrant } from './oauth2.ts'
import type { Grant, OAuth2Credentials } from './oauth2.ts'
import { requestToken } from './request-token.ts'
import type { TokenOwner } from './tokens.ts'

const DIGEST_BYTES = 16
const INFO = 'mailroom/oauth2/place'

/** Who needs the tokens of the connection manager called `manager`. */
export function tokenOwner(manager: string, { user, grant }: OAuth2Credentials): TokenOwner {
  const secret = ownSecret(grant)
  const facts = JSON.stringify([user.reveal(), ...lastingFacts(grant)])
  const digest = hkdfSync('sha256', secret.reveal(), facts, INFO, DIGEST_BYTES)
  return {
    place: { manager, digest: Buffer.from(digest).toString('hex'), secret },
    grant: grant.kind,
    isShared: grant.kind !== 'callback',
    isExclusive: grant.kind === 'refresh-token',
    request: (last) => requestToken({ user, grant }, last),
  }
}

/** What only those know who may ask for tokens. */
function ownSecret(grant: Grant): Secret {
  switch (grant.kind) {
    case 'client-credentials':
      return grant.clientSecret ?? grant.privateKey ?? grant.clientId
    case 'refresh-token':
      return grant.refreshToken
    case 'service-account':
      return grant.privateKey
    case 'callback':
      return createSecret(grant.kind)
  }
}

/**
 * What makes another account of it. Of a refresh token only what it belongs to counts: when the
 * secret of the client changes, the one that was given last is still the one to use.
 */
function lastingFacts(grant: Grant): readonly string[] {
  if (grant.kind !== 'refresh-token') return factsOfGrant(grant)
  const { kind, tokenUrl, clientId, refreshToken } = grant
  return [kind, tokenUrl, clientId.reveal(), refreshToken.reveal()]
}
