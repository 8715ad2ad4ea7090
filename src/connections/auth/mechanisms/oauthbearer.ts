import type { Secret } from '../../secret.ts'
import { answer } from '../mechanism.ts'
import type { Mechanism } from '../mechanism.ts'
import type { Bearer } from './xoauth2.ts'

/** OAUTHBEARER (RFC 7628). What the server says of a refusal is told to `onRefusal`. */
export function oauthBearer(bearer: Bearer, onRefusal: (challenge: Buffer) => void): Mechanism {
  return {
    name: 'OAUTHBEARER',
    begin: () => answer(bearerResponse(bearer)),
    // RFC 7628 §3.2.3: a challenge is a refusal, and the server waits for this to end the exchange.
    respond: (challenge) => {
      onRefusal(challenge)
      return answer('\x01')
    },
  }
}

/** All that is said; a secret. */
export function bearerResponse({ user, accessToken }: Bearer): string {
  return `n,a=${saslName(user)},\x01auth=Bearer ${accessToken.reveal()}\x01\x01`
}

/** RFC 5801 §4: a name in which the separators of the header are written otherwise. */
function saslName(name: Secret): string {
  return name.reveal().replaceAll('=', '=3D').replaceAll(',', '=2C')
}
