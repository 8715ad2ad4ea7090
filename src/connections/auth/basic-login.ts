import type { BasicCredentials } from './basic.ts'
import type { LoginContext } from './log-in.ts'

/** On a secure session the mechanism that every server gets right comes first. */
const SECURE = ['PLAIN', 'LOGIN', 'CRAM-MD5'] as const
/** On a plain one the mechanism that does not show the password. */
const PLAIN = ['CRAM-MD5', 'PLAIN', 'LOGIN'] as const

/**
 * Logs in with a user's name and password (RFC 4954; PLAIN, LOGIN or CRAM-MD5).
 *
 * Sends nothing when the server offers none of these, or over a plain session that was not allowed:
 * nodemailer itself would go on without a login, or try PLAIN all the same.
 */
export function logInBasic(
  { user, password }: BasicCredentials,
  mayBePlain: boolean,
  { connection, isSecure, offered, done }: LoginContext,
): void {
  const refuse = (detail: string) =>
    done({ kind: 'fault', fault: { kind: 'auth', stage: 'auth', detail } })

  if (!isSecure && !mayBePlain) {
    refuse('a password is not sent over a plain session: use TLS, or set `allowInsecureAuth: true`')
    return
  }
  if (offered.length === 0) {
    refuse('the server offers no AUTH: use `auth: { method: "anonymous" }`, or another port')
    return
  }
  const method = (isSecure ? SECURE : PLAIN).find((name) => offered.includes(name))
  if (method === undefined) {
    refuse(`the server offers AUTH ${describeOffer(offered)}, none of ${SECURE.join(', ')}`)
    return
  }
  const auth = { method, user: user.reveal(), pass: password.reveal() }
  connection.login(auth, (error) => done(error === null ? undefined : { kind: 'error', error }))
}

function describeOffer(offered: readonly string[]): string {
  return offered
    .map((name) => name.replace(/[^A-Z0-9_-]/g, '?'))
    .join(' ')
    .slice(0, 100)
}
