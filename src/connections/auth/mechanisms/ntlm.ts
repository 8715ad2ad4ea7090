import { randomBytes } from 'node:crypto'

import { answer, refuse } from '../mechanism.ts'
import type { Mechanism } from '../mechanism.ts'
import { composeAuthenticate } from '../ntlm/authenticate.ts'
import { isNtlm, parseChallenge } from '../ntlm/challenge.ts'
import type { NtlmIdentity } from '../ntlm/keys.ts'
import { composeNegotiate } from '../ntlm/negotiate.ts'

export interface NtlmOptions {
  /** The service that we believe to speak to, such as `SMTPSVC/mail.example.com`. */
  readonly targetName: string
  /** The application data of `tls-server-end-point` (RFC 5929 §4), over TLS. */
  readonly channelBinding: Buffer | undefined
}

/** NTLM over SMTP ([MS-SMTPNTLM]), version 2 only. */
export function ntlm(identity: NtlmIdentity, options: NtlmOptions): Mechanism {
  const negotiate = composeNegotiate()
  let isRepeated = false
  let isAnswered = false
  return {
    name: 'NTLM',
    begin: () => answer(negotiate),
    respond: (bytes) => {
      // Some servers do not read what came with AUTH, and say "334 ntlm supported" first.
      if (!isRepeated && !isAnswered && !isNtlm(bytes)) {
        isRepeated = true
        return answer(negotiate)
      }
      if (isAnswered) return refuse('the server asks twice within AUTH NTLM', 'NTLM_CHALLENGE')
      isAnswered = true
      const challenge = parseChallenge(bytes)
      if ('problem' in challenge) return refuse(challenge.problem, challenge.cause)
      const clientNonce = randomBytes(8)
      const now = new Date()
      const bound = { ...options, negotiate, challenge, clientNonce, now }
      return answer(composeAuthenticate(identity, bound))
    },
  }
}
