import type { Secret } from '../../secret.ts'
import { answer } from '../mechanism.ts'
import type { Mechanism } from '../mechanism.ts'

/** Who logs in with which token. */
export interface Bearer {
  readonly user: Secret
  readonly accessToken: Secret
}

/** XOAUTH2, as Google and Microsoft have it. What the server says of a refusal is told to `onRefusal`. */
export function xoauth2(bearer: Bearer, onRefusal: (challenge: Buffer) => void): Mechanism {
  return {
    name: 'XOAUTH2',
    begin: () => answer(xoauth2Response(bearer)),
    // A challenge is a refusal: the server waits for an empty answer, and then says so.
    respond: (challenge) => {
      onRefusal(challenge)
      return answer('')
    },
  }
}

/** All that is said; a secret. */
export function xoauth2Response({ user, accessToken }: Bearer): string {
  return `user=${user.reveal()}\x01auth=Bearer ${accessToken.reveal()}\x01\x01`
}
