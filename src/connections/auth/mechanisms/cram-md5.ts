import { createHmac } from 'node:crypto'

import type { BasicCredentials } from '../basic.ts'
import { answer, refuse } from '../mechanism.ts'
import type { Mechanism } from '../mechanism.ts'

/** CRAM-MD5 (RFC 2195): the password itself is not sent. */
export function cramMd5({ user, password }: BasicCredentials): Mechanism {
  let isAnswered = false
  return {
    name: 'CRAM-MD5',
    respond: (challenge) => {
      if (isAnswered) return refuse('the server asks twice within AUTH CRAM-MD5')
      isAnswered = true
      const proof = createHmac('md5', password.reveal()).update(challenge).digest('hex')
      return answer(`${user.reveal()} ${proof}`)
    },
  }
}
